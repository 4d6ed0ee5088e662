import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { askOwner } from '../../scripts/engines/owner.ts';
import { call } from '../harness/call.ts';
import { hostProcesses, until } from '../harness/host.ts';
import { engines, modes } from '../harness/modes.ts';
import { openTerminal } from '../harness/pty.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
/** Without predemo: it would build anew what other tests are packing right now. */
const npm = ['npm', 'run', '--silent', '--ignore-scripts', 'demo'];

const ownEnv = { ...process.env, LC_ALL: 'C' } as Record<string, string>;
/** No engine within reach: root's demo then runs one of its own. Who is not root has to show it on the machine's. */
const without = { DOCKER_HOST: 'tcp://127.0.0.1:1', CONTAINER_HOST: 'tcp://127.0.0.1:1' };
const bare = engines.asRoot ? { ...ownEnv, ...without } : ownEnv;
/** The docker of this test run, as if it were the machine's own. */
const equipped = engines.dockerHost === null ? ownEnv : { ...bare, DOCKER_HOST: engines.dockerHost };

/** A place for all that one demo makes, so that what it leaves can be seen. */
function place(env: Record<string, string>) {
  const dir = mkdtempSync(join(tmpdir(), 'demo-'));
  return {
    env: { ...env, TMPDIR: dir },
    /** Directories of demos, and processes that were started for one. */
    traces: (): string[] => [
      ...readdirSync(dir).filter((name) => name.startsWith('hermes-shim-bed-')),
      ...hostProcesses()
        .map(({ argv }) => argv.join(' '))
        .filter((line) => line.includes(`${dir}/`)),
    ],
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Somebody's machine without any engine: there the demo says so, and the unit test has that sentence. */
const demoIt = it.runIf(modes.length > 0);

const promised = [
  /\$ hermes-shim init .*\r?\n.*wrote .*hermes-shim\.yaml/,
  /\$ hermes-shim up .*\r?\n[\s\S]*create the container\r?\n[\s\S]*wait until hermes can be run in it/,
  /\$ hermes --version\r?\nHermes Agent .*stand-in.*, in the container, as user hermes/,
  /\$ hermes sessions list \| cat\r?\nID +TITLE\r?\n/,
  /\$ hermes sessions show nothing; echo .*\r?\nno session is called 'nothing'\r?\nexit code 3/,
  /\$ HERMES_DEV=1 hermes --version\r?\nHermes Agent .*stand-in.*, on this host/,
  /\$ timeout 2 hermes wait .*\r?\n\$ (docker|podman) exec .* ps .*\r?\n.*gateway run --replace\r?\nsleep 3600\r?\nps /,
  /\$ timeout 2 (docker|podman) exec .* wait .*\r?\n\$ (docker|podman) exec .* ps .*\r?\n.*gateway run --replace/,
];

demoIt(
  'without a terminal the demo shows what it promises, says what it leaves out, and leaves nothing',
  async () => {
    using here = place(bare);
    const caller = { name: 'us', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, home: '/' };
    const command = ['/bin/sh', '-c', `PATH=$OWN_PATH exec ${npm.join(' ')} 2>&1`];
    await using demo = call({ ...caller, env: { ...here.env, OWN_PATH: ownEnv.PATH ?? '' } }, command, {
      cwd: checkout,
      timeoutMs: 110_000,
    });
    const { stdout, exitCode } = await demo.ended;
    for (const scene of promised) expect(stdout).toMatch(scene);
    expect(stdout).toContain('There is no terminal here, so no hermes chat');
    expect(stdout).not.toContain('$ hermes chat');
    expect(exitCode).toBe(0);
    expect(here.traces()).toEqual([]);
  },
);

demoIt(
  'in a terminal the demo takes the engine that is there and leaves the person in a chat until they leave',
  async () => {
    using here = place(equipped);
    await using terminal = await openTerminal({ argv: npm, env: here.env, cwd: checkout });
    const before = await terminal.waitFor('you> ', { ms: 60_000 });
    for (const scene of promised) expect(before).toMatch(scene);
    expect(before).toMatch(/engine: +(docker|podman) \S+, which this machine has already/);
    terminal.write('good morning\r');
    await terminal.waitFor('hermes> good morning');
    terminal.write('exit\r');
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
    expect(terminal.output()).toContain('Bye!');
    expect(here.traces()).toEqual([]);
    // Away with its own things, and only with those.
    const run = /hermes-demo-([0-9a-f]+)/.exec(before)?.[1];
    const mode = /engine: +docker/.test(before) ? 'docker' : 'podman-rootless';
    const containers = await askOwner(mode, engines, ['ps', '-a', '--format', '{{.Names}}']);
    const images = await askOwner(mode, engines, ['images', '--format', '{{.Tag}}']);
    expect([containers.code, images.code]).toEqual([0, 0]);
    expect(containers.stdout + images.stdout).not.toContain(run);
    expect(images.stdout).toContain(engines.images.busybox.split(':')[1]);
  },
);

const interruptions = [
  ['Ctrl-C', 'while it sets up', 'hermes-shim demo:'],
  ['Ctrl-C', 'while a call runs', '$ timeout 2 hermes wait'],
  ['a closed window', 'in the chat', 'you> '],
  ['kill -9', 'while a call runs', '$ hermes sessions show'],
] as const;

demoIt.each(interruptions)('ended by %s %s, the demo leaves nothing', async (by, _when, at) => {
  using here = place(bare);
  await using terminal = await openTerminal({ argv: npm, env: here.env, cwd: checkout });
  await terminal.waitFor(at, { ms: 60_000 });
  expect(here.traces()).not.toEqual([]);
  if (by === 'Ctrl-C') {
    terminal.write('\x03');
    expect(await terminal.exit).toEqual({ code: null, signal: 'SIGINT' });
    expect(terminal.output()).toMatch(/Interrupted: cleaning up …\r\n.* is gone\.\r\n$/);
    expect(here.traces()).toEqual([]);
    return;
  }
  if (by === 'a closed window') terminal.hangup();
  else process.kill(-terminal.pid, 'SIGKILL');
  await until(() => here.traces().length === 0, { ms: 60_000, what: 'all of the demo to be gone' });
});
