/** The fast single executable keeps the promises of a session; which it does not keep, docs/packaging.md says. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../scripts/binary/config.ts';
import { buildBinary } from '../../scripts/binary.ts';
import { ownArchitecture } from '../../scripts/runtimes.ts';
import { describeModes, engines } from '../harness/modes.ts';
import { openTerminal } from '../harness/pty.ts';
import { readReport } from '../harness/report.ts';
import { withoutSpinner } from '../harness/screen.ts';
import { shareContainer } from '../harness/shared.ts';

const config = readConfig(fileURLToPath(new URL('../..', import.meta.url)));
const file = `${config.name}-linux-${ownArchitecture()}`;
const directory = join(engines.dir, 'fast');
const hermes = join(directory, 'hermes');

/** No node there, and nothing else either. */
const env = { PATH: '/nonexistent' };

const build = (name: string) => buildBinary(ownArchitecture(), config, join(engines.dir, name), 'fast');

beforeAll(async () => {
  await build('fast');
});

describeModes(
  (mode) => {
    const shared = shareContainer(mode);

    it('the fast executable routes a call with no node on PATH, with every argument and hermes’s exit code', async () => {
      const container = await shared();
      const args = ['report', '-', 'a b', '', '--help', '--version'];
      const ended = await container.call([hermes, ...args], { env }).ended;
      expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
      expect(readReport(ended.stdoutBytes).args).toEqual(args);
      const failing = container.call([hermes, 'exit', '7'], { env });
      expect(await failing.ended).toMatchObject({ exitCode: 7, stdout: '', stderr: '' });
    });

    it('a signal to the fast executable reaches hermes, which ends by it, and SIGKILL leaves nothing behind', async () => {
      const container = await shared();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        await using call = container.call([hermes, 'sleep', '600'], { env });
        await call.waitFor(/ready/);
        call.kill(signal);
        expect(await call.ended).toMatchObject({ exitCode: null, signal });
      }
      await using killed = container.call([hermes, 'sleep', '600'], { env });
      await killed.waitFor(/ready/);
      killed.kill('SIGKILL');
      await container.untilNoGuests(60_000);
    });

    it('ten megabytes go through the fast executable each way, byte for byte', async () => {
      const container = await shared();
      const input = randomBytes(10_000_000);
      const { exitCode, stdoutBytes } = await container.call([hermes, 'cat'], { env, input }).ended;
      expect(exitCode).toBe(0);
      expect(stdoutBytes.equals(input)).toBe(true);
    });
  },
  ['docker', 'podman-sudo'],
);

describeModes(
  (mode) => {
    const shared = shareContainer(mode);

    it('in a terminal hermes has one through the fast executable: its size, its keys, its Ctrl-C', async () => {
      const container = await shared();
      const identity = container.identity({ env });
      await using terminal = await openTerminal({
        // the settings are looked at before hermes changes them
        argv: ['/bin/sh', '-c', 'read -r _; exec "$0" winch', hermes],
        cols: 91,
        rows: 23,
        ...identity,
      });
      const before = await terminal.settings();
      terminal.write('\r');
      await terminal.waitFor('ready', { ms: 30_000 });
      expect(withoutSpinner(terminal.output())).toMatch(/^\r\nsize 23 91\r\n/);
      terminal.resize(120, 40);
      await terminal.waitFor('size 40 120');
      terminal.write('\x03');
      await terminal.exit;
      expect((await terminal.settings()).replace(/rows.*columns.*;/, '')).toBe(
        before.replace(/rows.*columns.*;/, ''),
      );
    });

    it('a deleted current directory does not keep the fast executable from starting, routed or native', async () => {
      const container = await shared();
      const start = async (more: Record<string, string>, program: string, ...args: string[]) => {
        const gone = mkdtempSync(join(engines.dir, 'gone-'));
        const options = { cwd: gone, first: `/bin/rmdir ${gone}`, env: { ...env, PWD: gone, ...more } };
        return { gone, ended: await container.call([program, ...args], options).ended };
      };
      const routed = await start({}, hermes, 'exit', '4');
      expect(routed.ended.exitCode).toBe(4);
      const native = mkdtempSync(join(engines.dir, 'native-'));
      mkdirSync(join(native, 'bin'));
      symlinkSync('/bin/readlink', join(native, 'bin/hermes'));
      const dev = { HERMES_DEV: '1', HERMES_NATIVE_DIR: join(native, 'bin') };
      const { gone, ended } = await start(dev, hermes, '/proc/self/cwd');
      expect(ended).toMatchObject({ exitCode: 0, stdout: `${gone} (deleted)\n` });
    });

    it('variables of its runtime do not steer the fast executable, and a native hermes has them', async () => {
      const container = await shared();
      const strays = { BUN_BE_BUN: '1', BUN_OPTIONS: '--version', NODE_OPTIONS: '--no-such-option' };
      const routed = container.call([hermes, 'exit', '5'], { env: { ...env, ...strays } });
      expect(await routed.ended).toMatchObject({ exitCode: 5, stdout: '', stderr: '' });
      const native = mkdtempSync(join(engines.dir, 'native-'));
      symlinkSync('/usr/bin/env', join(native, 'hermes'));
      const dev = { HERMES_DEV: '1', HERMES_NATIVE_DIR: native };
      const ended = await container.call([hermes], { env: { ...env, ...strays, ...dev } }).ended;
      for (const [name, value] of Object.entries(strays))
        expect(ended.stdout).toContain(`${name}=${value}\n`);
    });

    it('the companion is in the fast executable, too, and each name is known by a link to the file', async () => {
      const container = await shared();
      const links = mkdtempSync(join(engines.dir, 'links-'));
      for (const name of ['hermes', 'hermes-acp', 'hermes-shim'])
        symlinkSync(join(directory, file), join(links, name));
      const path = { PATH: `${links}:/usr/bin:/bin` };
      const doctor = await container.call([join(links, 'hermes-shim'), 'doctor', '--json'], { env: path })
        .ended;
      const { checks } = JSON.parse(doctor.stdout) as { checks: { check: string; says: string }[] };
      const saysOf = (name: string) => checks.find(({ check }) => check === name)?.says;
      expect(saysOf('path')).toBe(`hermes is ${join(links, 'hermes')}`);
      expect(saysOf('answer')).toBe('hermes --version: Hermes Agent v0.0.0 (probe)');
      container.forgetStarts();
      await container.call([join(links, 'hermes-acp')], { env, input: '' }).ended;
      expect(container.starts().map((line) => line.split(' ').slice(1).join(' '))).toEqual(['hermes acp']);
    });
  },
  ['docker'],
);

it('two builds of the fast executable are identical', async () => {
  const again = await build('fast-again');
  const [first, second] = [directory, again].map((each) =>
    createHash('sha256')
      .update(readFileSync(join(each, file)))
      .digest('hex'),
  );
  expect(second).toBe(first);
  rmSync(again, { recursive: true });
});
