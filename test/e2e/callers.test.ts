/** Callers that are no person at a prompt. What hermes is given must not depend on their habits. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { engineVariables } from '../../scripts/engines/owner.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { callExactly } from '../harness/exactly.ts';
import { nodeDir, shim } from '../harness/installed.ts';
import { apiModes, describeModes, engines, transportModes } from '../harness/modes.ts';
import { readReport } from '../harness/report.ts';

const soak = process.env.SOAK === '1';
const version = 'Hermes Agent v0.0.0 (probe)\n';
const answered = { exitCode: 0, stdout: version, stderr: '' };

/** Every variable that node's own help names, and what an editor's debugger sets. */
const nodeVariables = (): Record<string, string> => {
  const help = execFileSync(process.execPath, ['--help'], { encoding: 'utf8' });
  const names = [...help.matchAll(/^(NODE_[A-Z0-9_]+|OPENSSL_CONF|SSL_CERT_\w+|UV_\w+)/gm)].map(
    ([name]) => name,
  );
  return {
    ...Object.fromEntries(names.map((name) => [name, '/nonexistent'])),
    NODE_OPTIONS: '--require "/nonexistent/bootloader.js" --inspect-publish-uid=http',
    VSCODE_INSPECTOR_OPTIONS: '{"inspectorIpc":"/nonexistent.sock","deferredMode":true}',
    NODE_DEBUG: 'child_process,net,fs',
    NODE_CHANNEL_FD: '7',
    NODE_UNIQUE_ID: '1',
    NODE_TEST_CONTEXT: 'child-v8',
    NODE_V8_COVERAGE: '/nonexistent/coverage',
  };
};

describeModes((mode) => {
  let container: ManagedContainer;
  beforeAll(async () => {
    container = await managedContainer(mode);
  });
  afterAll(() => container[Symbol.asyncDispose]());
  const shortPath = `${nodeDir()}:/usr/bin:/bin`;

  it('a systemd unit: no HOME, a short PATH, no terminal, umask 0077, no new privileges', async () => {
    const argv = ['setsid', '--wait', 'setpriv', '--no-new-privs', await shim(), 'report'];
    const env = [
      ['PATH', shortPath] as const,
      ...Object.keys({ HOME: 0, USER: 0, SHELL: 0, LOGNAME: 0, TERM: 0 }).map(
        (name) => [name, undefined] as const,
      ),
    ];
    const ended = await callExactly(container, { argv, env, umask: 0o077 });
    if (mode === 'podman-sudo') {
      // sudo is of no use there: the sentence says why, nothing is started.
      expect(ended.exitCode).toBe(125);
      expect(ended.stderr).toMatch(/^hermes: .*privileges/i);
      expect(ended.stdout).toBe('');
      return;
    }
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readReport(ended.stdoutBytes)).toMatchObject({ umask: '0077', terminal: [false, false, false] });
  });

  it('cron, and env -i', async () => {
    const { HOME = '/', HERMES_HOME = '', XDG_RUNTIME_DIR } = container.caller.env;
    const variables = { ...engineVariables(mode, engines), HERMES_HOME, XDG_RUNTIME_DIR };
    const needed = Object.entries(variables).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    );
    const line = `exec "$0" version`;
    const cron = [`HOME=${HOME}`, 'LOGNAME=somebody', 'SHELL=/bin/sh', `PATH=${shortPath}`];
    for (const env of [cron, [`PATH=${nodeDir()}`]]) {
      const argv = ['env', '-i', ...env, ...needed, '/bin/sh', '-c', line, await shim()];
      expect(await container.call(argv, { input: '' }).ended).toMatchObject(answered);
    }
  });

  it('every descriptor above 2 open: hermes gets none of them', async () => {
    const bare = readReport((await container.exec([container.hermesBin, 'report'])).stdout);
    const open = Array.from({ length: 250 }, (_, n) => n + 3);
    const ended = await callExactly(container, { argv: [await shim(), 'report'], open });
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readReport(ended.stdoutBytes).fds).toEqual(bare.fds);
  });

  it('0, 1 or 2 closed, or all of them: hermes finds them closed, as if it were here', async () => {
    for (const closed of [[0], [1], [2], [0, 1, 2]]) {
      const file = join(container.workspace, 'report');
      const argv = [await shim(), 'report', '/data/workspace/report'];
      const ended = await callExactly(container, { argv, closed }, { stdin: 'pipe' });
      expect(ended).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
      const { fds } = readReport(readFileSync(file));
      rmSync(file);
      expect([0, 1, 2].filter((descriptor) => !fds.includes(descriptor))).toEqual(closed);
    }
  });

  it('every NODE_ variable and an editor that attaches its debugger', async () => {
    expect(await container.hermes(['version'], { env: nodeVariables() })).toMatchObject(answered);
  });

  it('a huge environment', async () => {
    const env = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`BIG_${n}`, 'x'.repeat(30_000)]));
    expect(await container.hermes(['version'], { env })).toMatchObject(answered);
  });

  it('nice, in a directory whose name has a line break', async () => {
    const argv = [await shim(), 'sh', '-c', 'set -- $(cat /proc/self/stat); shift 18; echo "$1 $PWD"'];
    const directory = { deleted: '/tmp/two\nlines' };
    const ended = await callExactly(container, { argv, nice: 7, directory });
    expect(ended).toMatchObject({ exitCode: 0, stdout: '7 /data/workspace\n' });
  });

  it('an editor that starts hermes-acp and speaks JSON lines', async () => {
    await using editor = await container.session([], {
      name: 'hermes-acp',
      stdin: 'pipe',
      timeoutMs: 120_000,
    });
    const took: number[] = [];
    let heard = Buffer.alloc(0);
    let onHeard = () => {};
    editor.onStdout((piece) => {
      heard = Buffer.concat([heard, piece]);
      onHeard();
    });
    for (let id = 1; id <= (soak ? 20_000 : 600); id++) {
      const request = JSON.stringify({
        jsonrpc: '2.0',
        id,
        method: 'session/prompt',
        text: 'ü\u2028'.repeat(id % 500),
      });
      const began = performance.now();
      const reply = `{"echo":${request}}\n`;
      heard = Buffer.alloc(0);
      const all = new Promise<void>((resolve) => {
        onHeard = () => {
          if (heard.length >= Buffer.byteLength(reply)) resolve();
        };
      });
      editor.stdin?.write(`${request}\n`);
      await all;
      took.push(performance.now() - began);
      expect(heard.toString()).toBe(reply);
    }
    editor.stdin?.end();
    expect(await editor.ended).toMatchObject({ exitCode: 0, stderr: '' });
    const median = took.sort((a, b) => a - b)[Math.floor(took.length / 2)] ?? 0;
    console.log(`${mode}: ${took.length} round trips, median ${median.toFixed(2)} ms`);
  });
}, transportModes);

describeModes((mode) => {
  it('with both outputs closed a session goes on to its end, and its code is hermes’s', async () => {
    await using container = await managedContainer(mode);
    // docker ends such a connection at once; an exec whose connection broke is given up after a second
    const words = 'exec >&- 2>&-; sleep 2; echo all >/data/workspace/done; exit 42';
    const argv = [await shim(), 'sh', '-c', words];
    const ended = await callExactly(container, { argv, closed: [0, 1, 2] }, { stdin: 'pipe' });
    expect(ended).toMatchObject({ exitCode: 42, stdout: '', stderr: '' });
    expect(readFileSync(join(container.workspace, 'done'), 'utf8')).toBe('all\n');
  });
}, apiModes);

describeModes(
  (mode) => {
    it.runIf(engines.asRoot)('sudo hermes: the home is that of who typed it', async () => {
      await using container = await managedContainer(mode);
      const link = join(engines.callerUser.home, '.hermes');
      symlinkSync(container.home, link);
      try {
        const env = { HERMES_HOME: undefined, SUDO_USER: engines.callerUser.name };
        expect(await container.hermes(['version'], { env })).toMatchObject(answered);
      } finally {
        rmSync(link);
      }
    });
  },
  ['docker', 'podman-root'],
);

describeModes(
  (mode) => {
    it('a native hermes gets everything back: variables, bytes, descriptors, what was ignored', async () => {
      await using container = await managedContainer(mode);
      const variables = { ...nodeVariables(), LC_ALL: 'x\u{10000}', LANG: 'C' };
      const exact = {
        env: [
          ...Object.entries(variables),
          ['ODD', Buffer.from([0xff, 0x0a])] as const,
          ['HERMES_DEV', '1'] as const,
        ],
        ...{ closed: [0], open: [5, 63], ignored: ['INT'], umask: 0o27 },
      };
      const words = ['report', '-', Buffer.from([0x61, 0xff]), '', Buffer.alloc(100_000, 0xfe)];
      const native = join(container.packageDir, 'bin');
      const seen = async (command: string, dir: string | undefined) => {
        const env = [...exact.env, ['HERMES_NATIVE_DIR', dir] as const, ['HERMES_HOME', undefined] as const];
        const ended = await callExactly(container, { ...exact, argv: [command, ...words], env });
        expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
        const { argv, environ, fds, ignored, umask, blocked } = readReport(ended.stdoutBytes);
        const own = /^(HERMES_NATIVE_DIR|HERMES_SHIM_CHAIN|PWD)=/;
        const names = environ.map((entry) => entry.toString('latin1')).filter((entry) => !own.test(entry));
        return { argv, env: names.sort(), fds: fds.sort((a, b) => a - b), ignored, umask, blocked };
      };
      expect(await seen(await shim(), native)).toEqual(await seen(join(native, 'hermes'), undefined));
    });
  },
  ['docker'],
);
