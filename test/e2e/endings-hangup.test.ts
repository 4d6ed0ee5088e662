/** A session is hung up once, whoever asks for it and however often: the end of a conversation is not lost. */
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { call, type Running } from '../harness/call.ts';
import { clientsBelow } from '../harness/clients.ts';
import { companion, makeOrphan } from '../harness/companion.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { signalAll, until } from '../harness/host.ts';
import { nodeDir, shim } from '../harness/installed.ts';
import { clientModes, describeModes, distinctModes, type EngineMode, engines } from '../harness/modes.ts';
import { openTerminal } from '../harness/pty.ts';
import { openShell, shimOf, shimsOf } from '../harness/shell.ts';

/** What the conversation of that name has seen so far. */
const logOf = (container: ManagedContainer, name: string) =>
  readFileSync(join(container.home, `talk-${name}`), 'utf8')
    .trim()
    .split('\n');

/** Waits until a conversation came to its end, and says what it has seen. */
async function seenBy(container: ManagedContainer, name: string): Promise<string[]> {
  const atEnd = () => /in order|parked/.test(logOf(container, name).join());
  await until(atEnd, { what: `the end of ${name}`, ms: 30_000 });
  return logOf(container, name);
}

/** Begins conversations of these names. */
async function talks(container: ManagedContainer, names: readonly string[]): Promise<Running[]> {
  const running = await Promise.all(
    names.map((name) => container.session(['talk', name], { detached: true, timeoutMs: 60_000 })),
  );
  for (const one of running) await one.waitFor('ready', 20_000);
  return running;
}

const once = ['begun', 'hup', 'in order'];

/** Signals the engine's clients of a shim; sudo's command and its own watcher end with one another. */
function killClients(shim: number, signal: NodeJS.Signals): void {
  signalAll(clientsBelow([shim]), signal);
}

/** Ends of a shim without a terminal, after which nobody is there for the session. */
const ends: Readonly<Record<string, (pid: number) => void>> = {
  hup: (pid) => process.kill(pid, 'SIGHUP'),
  'hup-group': (pid) => process.kill(-pid, 'SIGHUP'),
  'hup-often': (pid) => {
    for (let count = 0; count < 4; count += 1) process.kill(pid, 'SIGHUP');
  },
  kill: (pid) => process.kill(pid, 'SIGKILL'),
  'kill-group': (pid) => process.kill(-pid, 'SIGKILL'),
  'hup-then-kill': (pid) => {
    process.kill(pid, 'SIGHUP');
    process.kill(pid, 'SIGKILL');
  },
  client: (pid) => killClients(pid, 'SIGKILL'),
  'hup-and-client': (pid) => {
    killClients(pid, 'SIGHUP');
    process.kill(pid, 'SIGHUP');
  },
};

/** A client of its own, which can be killed, not every session has. */
const endsOf = (mode: EngineMode): string[] =>
  Object.keys(ends).filter((name) => name !== 'client' || clientModes.includes(mode));

describeModes(
  (mode) => {
    it('a conversation without a terminal is hung up once and ends in order, whatever ends the shim', async () => {
      await using container = await managedContainer(mode);
      const names = endsOf(mode);
      const running = await talks(container, names);
      running.forEach(({ pid }, at) => void ends[names[at] ?? '']?.(pid));
      for (const name of names) expect(await seenBy(container, name), name).toEqual(once);
      for (const one of running) expect((await one.ended).timedOut).toBe(false);
      await container.untilNoGuests(20_000);
    });

    it('a hangup that comes late, while hermes ends, is no second one', async () => {
      await using container = await managedContainer(mode);
      const running = await container.session(['talk', 'late'], { detached: true });
      await running.waitFor('ready');
      running.kill('SIGHUP');
      await until(() => logOf(container, 'late').includes('hup'), { what: 'the first' });
      running.killGroup('SIGHUP');
      killClients(running.pid, 'SIGHUP');
      expect(await seenBy(container, 'late')).toEqual(once);
      await running.ended;
      await container.untilNoGuests(20_000);
    });

    it('a conversation in a closed window is hung up once and ends in order', async () => {
      await using container = await managedContainer(mode);
      for (const line of ['hermes talk window', 'hermes talk piped | cat']) {
        await using shell = await openShell(container);
        await shell.type(line, /ready \d+/);
        shell.hangup();
        const name = /talk (\w+)/.exec(line)?.[1] ?? '';
        expect(await seenBy(container, name), line).toEqual(once);
        await shell.exit;
        await until(() => shimsOf(shell).length === 0, { what: 'the shim to be gone', ms: 20_000 });
      }
      await container.untilNoGuests(20_000);
    });

    it('a conversation whose terminal runs nothing but hermes is hung up once and ends in order', async () => {
      await using container = await managedContainer(mode);
      await using terminal = await container.terminal(['talk', 'alone']);
      await terminal.waitFor(/ready \d+/);
      terminal.hangup();
      expect(await seenBy(container, 'alone')).toEqual(once);
      // not by ABRT, with which node answers a terminal that is gone: each closed window would leave a core
      expect([null, 'SIGHUP']).toContain((await terminal.exit).signal);
      await container.untilNoGuests(20_000);
    });

    it('kill of a shim in a terminal, by HUP or KILL, hangs its conversation up once', async () => {
      await using container = await managedContainer(mode);
      for (const signal of ['SIGHUP', 'SIGKILL'] as const) {
        await using shell = await openShell(container);
        await shell.type(`hermes talk ${signal}`, /ready \d+/);
        process.kill(shimOf(shell), signal);
        await until(() => logOf(container, signal).includes('hup'), { what: 'the hangup' });
        // then the window is closed, too
        shell.hangup();
        expect(await seenBy(container, signal), signal).toEqual(once);
      }
      await container.untilNoGuests(20_000);
    });

    it('an orphan that is reaped twice at once is hung up once and ends in order', async () => {
      await using container = await managedContainer(mode);
      await using _ = await makeOrphan(container, ['talk', 'orphan']);
      const reaps = await Promise.all([companion(container, ['reap']), companion(container, ['reap'])]);
      for (const { exitCode, stdout, stderr } of reaps)
        expect([exitCode, stderr, stdout]).toEqual([
          0,
          '',
          expect.stringMatching(/^(Ended 1:|No orphans\.)\n/),
        ]);
      expect(logOf(container, 'orphan')).toEqual(once);
      await container.untilNoGuests();
    });

    it('a hermes that reloads on HUP lives on after kill -HUP, until its terminal is closed', async () => {
      await using container = await managedContainer(mode);
      const running = await container.session(['reload'], { timeoutMs: 60_000 });
      await running.waitFor('ready');
      await using shell = await openShell(container);
      await shell.type('hermes reload', /ready \d+/);
      signalAll([running.pid, ...shimsOf(shell)], 'SIGHUP');
      await running.waitFor('reloaded');
      await shell.waitFor('reloaded');
      const before = (await container.sessionProcesses()).map(({ pid }) => pid);
      // longer than what is left to a session after a hangup
      const end = performance.now() + 11_500;
      await until(() => performance.now() > end, { what: 'the end of the grace', ms: 15_000 });
      expect((await container.sessionProcesses()).map(({ pid }) => pid)).toEqual(before);
      shell.hangup();
      await until(() => shimsOf(shell).length === 0, { what: 'the shim to be gone', ms: 20_000 });
      running.kill('SIGTERM');
      expect(await running.ended).toMatchObject({ signal: 'SIGTERM' });
      await container.untilNoGuests();
    });
  },
  distinctModes,
  { atOnce: true },
);

describeModes(
  (mode) => {
    it('a conversation is hung up once where nothing in the container can be written', async () => {
      await using container = await managedContainer(mode, {
        user: '4242',
        userAfterMs: 'never',
        engineArgs: ['--read-only', '--tmpfs', '/tmp:ro', '--ipc=none'],
      });
      chmodSync(container.home, 0o777);
      const names = endsOf(mode).filter((name) => !/group|then/.test(name));
      const running = await talks(container, names);
      running.forEach(({ pid }, at) => void ends[names[at] ?? '']?.(pid));
      for (const name of names) expect(await seenBy(container, name), name).toEqual(once);
      for (const one of running) expect((await one.ended).timedOut).toBe(false);
      await container.untilNoGuests(20_000);
    });
  },
  ['docker', 'docker-client'],
);

it('a native hermes in a job of a closed window is hung up once', async () => {
  const dir = join(engines.dir, 'hung-up-once');
  const log = join(dir, 'log');
  fakeEngine(
    dir,
    'hermes',
    `trap 'echo hup >>${log}' HUP; echo ready; sleep 60 & wait; sleep 1; echo end >>${log}`,
  );
  await using terminal = await openTerminal({
    argv: ['/bin/sh', '-c', `${await shim()}; exit 5`],
    env: { PATH: `${dir}:${nodeDir()}:/usr/bin:/bin`, HERMES_DEV: '1', HOME: dir },
    cwd: '/',
  });
  await terminal.waitFor('ready');
  terminal.hangup();
  await until(() => readFileSync(log, 'utf8').includes('end'), { what: 'the end of hermes' });
  expect(readFileSync(log, 'utf8')).toBe('hup\nend\n');
});

it('a native hermes in a closed window ends as it chooses, and its shim does not crash', async () => {
  const dir = join(engines.dir, 'hung-up');
  fakeEngine(dir, 'hermes', `trap 'exit 7' HUP; echo ready; sleep 60 & wait`);
  await using terminal = await openTerminal({
    argv: [await shim()],
    env: { PATH: `${dir}:${nodeDir()}:/usr/bin:/bin`, HERMES_DEV: '1', HOME: dir },
    cwd: '/',
  });
  await terminal.waitFor('ready');
  terminal.hangup();
  expect(await terminal.exit).toEqual({ code: 7, signal: null });
});

it('a native hermes gets a signal that comes just as it begins', async () => {
  const dir = join(engines.dir, 'signalled-at-once');
  fakeEngine(
    dir,
    'hermes',
    `trap 'exit 7' HUP\nkill -HUP $PPID\nfor _ in $(seq 100); do sleep 0.05; done\nexit 8`,
  );
  const env = { PATH: `${dir}:${nodeDir()}:/usr/bin:/bin`, HERMES_DEV: '1', HOME: dir };
  const caller = {
    name: 'somebody',
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    home: dir,
    env,
  };
  for (let attempt = 1; attempt <= 8; attempt += 1)
    // with a descriptor to hand on it is a child of the shim's by every node
    expect(await call(caller, [await shim()], { first: 'exec 3</dev/null' }).ended).toMatchObject({
      exitCode: 7,
      signal: null,
    });
});
