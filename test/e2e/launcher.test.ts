/** The launcher under each sh that may run it: what it finds by PATH (never what the current directory happens to hold), and limits. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainEnv } from '../../scripts/engines/command.ts';
import { call } from '../harness/call.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { nodeDir, shim } from '../harness/installed.ts';
import { engines } from '../harness/modes.ts';
import { callWithView } from '../harness/view.ts';

let scratch: string;
let planted: string;
let native: string;
let mark: string;
const root = () => ({ name: 'root', uid: 0, gid: 0, home: scratch, env: plainEnv(scratch) });
/** Relative and empty entries, at every place. */
const oddPaths = (real: string) =>
  [
    `:${real}`,
    `${real}:`,
    `.:${real}`,
    `bin:${real}`,
    `./bin::${real}`,
    `../planted:${real}`,
    `~:${real}`,
  ].concat([`/nonexistent::${real}`, `/odd *:?:${real}`]);
const shells = {
  dash: ['dash'],
  bash: ['bash'],
  'bash as sh': ['bash', '--posix'],
  busybox: ['busybox', 'sh'],
};

beforeAll(() => {
  scratch = mkdtempSync(join(engines.dir, 'launcher-'));
  chmodSync(scratch, 0o755);
  planted = join(scratch, 'planted');
  mark = join(scratch, 'mark');
  for (const name of ['node', 'readlink', 'hermes', 'stty', 'sh'])
    for (const dir of [planted, join(planted, 'bin'), join(planted, '~')])
      fakeEngine(dir, name, `echo ${name} >>${mark}; exit 3`);
  mkdirSync(join(planted, 'hermes.d/node'), { recursive: true });
  native = join(scratch, 'native');
  fakeEngine(native, 'hermes', 'echo "native with $PATH"');
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const sprung = () => (existsSync(mark) ? readFileSync(mark, 'utf8') : '');

describe.each(Object.entries(shells))('the launcher, under %s', (_, shell) => {
  it('takes node from an absolute entry of PATH alone, and hands PATH on as it was', async () => {
    for (const PATH of oddPaths(`${nodeDir()}:/usr/bin:/bin`)) {
      const options = { cwd: planted, env: { PATH, HERMES_NATIVE_DIR: native, HERMES_DEV: '1' } };
      const argv = ['/usr/bin/env', `PATH=${PATH}`, ...shell.map(absolute), await shim(), 'x'];
      expect(await call(root(), argv, options).ended, PATH).toMatchObject({
        exitCode: 0,
        stdout: `native with ${PATH}\n`,
        stderr: '',
      });
    }
    expect(sprung()).toBe('');
  });

  // views need root
  if (!engines.asRoot) return;

  it('says that there is no node, rather than run what lies here', async () => {
    for (const PATH of ['', ':', '.', 'bin', './bin:', 'hermes.d']) {
      const hidden = ['/usr/bin/node', '/usr/local/bin/node', '/run/current-system/sw/bin/node'];
      const argv = ['/usr/bin/env', `PATH=${PATH}`, ...shell.map(absolute), await shim(), 'x'];
      const ended = await callWithView(root(), { hidden }, argv, { cwd: planted }).ended;
      expect([PATH, ended.exitCode, ended.stdout]).toEqual([PATH, 127, '']);
      expect(ended.stderr).toMatch(/^hermes: node was not found, neither on PATH nor in the usual places\n/);
    }
    expect(sprung()).toBe('');
  });

  it('finds itself behind a link with a readlink of the system, not of the current directory', async () => {
    const link = join(scratch, `link-${shell.join('')}`);
    symlinkSync(await shim(), link);
    // NixOS has none where sh's own PATH leads
    const last =
      'mkdir -p /usr/local/bin && cp -L /usr/bin/readlink /usr/local/bin/; mount --bind /dev/null /usr/bin/readlink';
    for (const PATH of oddPaths(`${nodeDir()}:/usr/bin:/bin:/usr/local/bin`)) {
      const options = { cwd: planted, env: { HERMES_NATIVE_DIR: native, HERMES_DEV: '1' } };
      const argv = ['/usr/bin/env', `PATH=${PATH}`, ...shell.map(absolute), link, 'x'];
      const view = { files: { '/usr/local/bin/.view': '' }, last };
      const ended = await callWithView(root(), view, argv, options).ended;
      expect(ended, PATH).toMatchObject({ exitCode: 0, stdout: `native with ${PATH}\n`, stderr: '' });
    }
    expect(sprung()).toBe('');
  });
});

describe.each(Object.entries(shells))('limits below what node needs, under %s', (_, shell) => {
  const withLimit = async (limit: string, caller = root()) => {
    const argv = [...shell.map(absolute), await shim(), 'x'];
    const env = { HERMES_NATIVE_DIR: native, HERMES_DEV: '1' };
    return call(caller, argv, { env, first: limit }).ended;
  };
  const passes = { exitCode: 0, signal: null, stderr: '' };
  const refuses = (sentence: string, hint: string) => ({
    exitCode: 126,
    signal: null,
    stdout: '',
    stderr: `hermes: ${sentence}\n  allow more:  ${hint}\n`,
  });
  const fewFiles = refuses(
    'too few files may be open at once here (EMFILE)',
    'ulimit -n 1024   # in a new shell; in a systemd unit: LimitNOFILE=1024',
  );
  const noMemory = refuses(
    'there is not enough memory (ENOMEM)',
    'ulimit -v unlimited; ulimit -d unlimited   # in a new shell; in a systemd unit: LimitAS=infinity, LimitDATA=infinity',
  );

  it('are told in a sentence, where node itself would die with a trace: descriptors', async () => {
    for (const limit of ['ulimit -n 15', 'ulimit -n 18', 'ulimit -n 22', 'exec 5</dev/null; ulimit -n 23'])
      expect([limit, await withLimit(limit)]).toMatchObject([limit, fewFiles]);
    // node takes what the hard limit gives
    for (const limit of ['ulimit -n 30', 'ulimit -S -n 20', 'exec 5</dev/null; ulimit -n 30'])
      expect([limit, await withLimit(limit)]).toMatchObject([limit, passes]);
  });

  it('are told in a sentence, where node itself would die with a trace: memory', async () => {
    for (const limit of ['ulimit -v 100000', 'ulimit -v 400000', 'ulimit -S -v 700000', 'ulimit -d 40000'])
      expect([limit, await withLimit(limit)]).toMatchObject([limit, noMemory]);
    for (const limit of ['ulimit -v 3900000', 'ulimit -d 1900000'])
      expect([limit, await withLimit(limit)]).toMatchObject([limit, passes]);
  });

  // nobody counts what root starts
  if (!engines.asRoot) return;

  it('are told in a sentence, where node itself would die with a trace: processes', async () => {
    const { name, uid, gid, home } = engines.callerUser;
    const caller = { name, uid, gid, home, env: plainEnv(home) };
    const limit = (count: number) => `ulimit -u ${count} 2>/dev/null || ulimit -p ${count}`;
    expect(await withLimit(limit(5), caller)).toMatchObject(
      refuses(
        'no more processes may be started here (EAGAIN)',
        'ulimit -u 4096   # in a new shell; in a systemd unit: TasksMax=4096',
      ),
    );
    expect(await withLimit(limit(900), caller)).toMatchObject(passes);
    expect(await withLimit(limit(5))).toMatchObject(passes);
  });
});

describe('hermes-shim', () => {
  it('tells in a sentence that there are too few descriptors, wherever it notices', async () => {
    const home = join(scratch, 'home');
    mkdirSync(home);
    writeFileSync(join(home, '.container-mode'), 'backend=docker\n');
    const env = { HERMES_HOME: home, HERMES_SHIM_WAIT: '0', DOCKER_HOST: `unix://${scratch}/none.sock` };
    const told: string[] = [];
    for (const descriptors of [22, 23, 24, 25, 26]) {
      for (const words of [['doctor'], ['doctor', '--json'], ['ps']]) {
        const argv = [await shim('hermes-shim'), ...words];
        const { signal, stdout, stderr } = await call(root(), argv, {
          env,
          first: `ulimit -n ${descriptors}`,
        }).ended;
        expect(signal).toBeNull();
        expect(stderr).not.toMatch(/unforeseen|^ +at |node:/m);
        if (words.includes('--json') && descriptors > 22) expect(JSON.parse(stdout)).toBeInstanceOf(Object);
        told.push(stdout + stderr);
      }
    }
    // too few for node, the launcher says; how many more node needs, and where it notices, depends on its version
    for (const text of told.slice(0, 3)) expect(text).toContain('(EMFILE)');
  });
});

/** env looks for the shell on the PATH that it was given, too. */
const absolute = (word: string) => (['dash', 'bash', 'busybox'].includes(word) ? `/bin/${word}` : word);
