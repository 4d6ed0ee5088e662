/** What the launcher finds by PATH, under each sh that may run it: never what the current directory happens to hold. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
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

/** env looks for the shell on the PATH that it was given, too. */
const absolute = (word: string) => (['dash', 'bash', 'busybox'].includes(word) ? `/bin/${word}` : word);
