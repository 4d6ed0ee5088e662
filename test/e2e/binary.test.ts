import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../scripts/binary/config.ts';
import { buildBinary } from '../../scripts/binary.ts';
import { ownArchitecture } from '../../scripts/runtimes.ts';
import { managedContainer } from '../harness/container.ts';
import { describeModes, engines } from '../harness/modes.ts';
import { openTerminal } from '../harness/pty.ts';
import { readReport } from '../harness/report.ts';
import { shareContainer } from '../harness/shared.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const config = readConfig(checkout);
const file = `${config.name}-linux-${ownArchitecture()}`;
const directory = join(engines.dir, 'single');

const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));

const build = async (name: string) => buildBinary(ownArchitecture(), config, join(engines.dir, name));

beforeAll(async () => {
  await build('single');
});

/** No node there, and nothing else either: the engine is found in the usual places. */
const noPath = { PATH: '/nonexistent' };

describeModes(
  (mode) => {
    it('a single executable routes a call with no node on PATH', async () => {
      await using container = await managedContainer(mode);
      const call = container.call([join(directory, 'hermes'), 'report', '-', 'a b', '', '--help'], {
        env: noPath,
      });
      const ended = await call.ended;
      expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
      expect(readReport(ended.stdoutBytes).args).toEqual(['report', '-', 'a b', '', '--help']);
      const failing = container.call([join(directory, 'hermes'), 'exit', '7'], { env: noPath });
      expect(await failing.ended).toMatchObject({ exitCode: 7, stderr: '' });
    });
  },
  ['docker', 'podman-sudo'],
);

describeModes(
  (mode) => {
    const shared = shareContainer(mode);

    it('it answers to every name, by the launcher and by symlinks to the file', async () => {
      const container = await shared();
      const links = mkdtempSync(join(engines.dir, 'links-'));
      for (const name of ['hermes', 'hermes-agent', 'hermes-acp'])
        symlinkSync(join(directory, file), join(links, name));
      for (const place of [directory, links]) {
        await container.call([join(place, 'hermes'), 'version'], { env: noPath }).ended;
        await container.call([join(place, 'hermes-agent'), 'version'], { env: noPath }).ended;
        await container.call([join(place, 'hermes-acp')], { env: noPath, input: '' }).ended;
        // found on PATH, as a shell finds it
        await (await container.shell('hermes version', { env: { PATH: `${place}:/usr/bin:/bin` } })).ended;
      }
      const names = container.starts().map((line) => line.split(' ').slice(1).join(' '));
      const each = ['hermes version', 'hermes-agent version', 'hermes acp', 'hermes version'];
      expect(names).toEqual([...each, ...each]);
    });

    it('arguments that are no UTF-8 arrive byte for byte, with and without the launcher', async () => {
      const container = await shared();
      for (const name of ['hermes', file]) {
        const script = `exec ${join(directory, name)} ${name === file ? 'hermes' : ''} report - "$(printf 'a\\377b')"`;
        const ended = await (await container.shell(script)).ended;
        expect(readReport(ended.stdoutBytes).argv.at(-1)).toEqual(Buffer.from('a\xffb', 'latin1'));
      }
    });

    it('what is loaded only when needed is in the file too: a failure is explained, a wait has its spinner', async () => {
      await using container = await managedContainer(mode, { start: false });
      const env = { ...noPath, HERMES_SHIM_WAIT: '0' };
      const failed = await container.call([join(directory, 'hermes')], { env }).ended;
      expect(failed.exitCode).toBe(125);
      expect(failed.stderr).toMatch(/^hermes: container '.*' is not running/);
      const identity = container.identity({ env: { ...noPath, HERMES_SHIM_WAIT: '30' } });
      await using terminal = await openTerminal({ ...identity, argv: [join(directory, 'hermes')] });
      await terminal.waitFor(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/);
    });

    it('the companion is in the file too, and knows it for hermes', async () => {
      const container = await shared();
      const companion = join(directory, 'hermes-shim');
      const links = mkdtempSync(join(engines.dir, 'links-'));
      symlinkSync(join(directory, file), join(links, 'hermes-shim'));
      for (const program of [companion, join(links, 'hermes-shim')]) {
        const asked = await container.call([program, '--version'], { env: noPath }).ended;
        expect(asked).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
      }
      const env = { PATH: `${directory}:/usr/bin:/bin` };
      const doctor = await container.call([companion, 'doctor', '--json'], { env }).ended;
      const { checks } = JSON.parse(doctor.stdout) as { checks: { check: string; status: string }[] };
      const stateOf = (name: string) => checks.find(({ check }) => check === name)?.status;
      expect({ path: stateOf('path'), answer: stateOf('answer') }).toEqual({ path: 'ok', answer: 'ok' });
      const explained = await container.call([companion, 'explain', '--', 'version'], { env }).ended;
      expect(explained).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await container.call([companion, 'ps'], { env }).ended).toMatchObject({
        exitCode: 0,
        stderr: '',
      });
    });

    it('linked directly under its names, without the launcher, it knows its own name', async () => {
      const container = await shared();
      const links = mkdtempSync(join(engines.dir, 'links-'));
      for (const name of ['hermes', 'hermes-agent', 'hermes-acp', 'hermes-shim'])
        symlinkSync(join(directory, file), join(links, name));
      const env = { PATH: `${links}:/usr/bin:/bin` };
      const doctor = await container.call([join(links, 'hermes-shim'), 'doctor', '--json'], { env }).ended;
      const { checks } = JSON.parse(doctor.stdout) as { checks: { check: string; says: string }[] };
      const saysOf = (name: string) => checks.find(({ check }) => check === name)?.says;
      expect({ path: saysOf('path'), answer: saysOf('answer') }).toEqual({
        path: `hermes is ${join(links, 'hermes')}`,
        answer: 'hermes --version: Hermes Agent v0.0.0 (probe)',
      });
    });

    it('secrets are handed over by it, too', async () => {
      const container = await shared();
      const env = { ...noPath, HERMES_SHIM_FORWARD_ENV: 'MY_SECRET', MY_SECRET: 'of this' };
      const told = container.call([join(directory, 'hermes'), 'sh', '-c', 'echo "$MY_SECRET"'], { env });
      expect(await told.ended).toMatchObject({ exitCode: 0, stdout: 'of this\n', stderr: '' });
    });

    it('a stray NODE_OPTIONS does not reach the runtime in it, not even without the launcher', async () => {
      const container = await shared();
      const env = { ...noPath, NODE_OPTIONS: '--no-such-option' };
      const ended = await container.call([join(directory, file), 'hermes', 'exit', '5'], { env }).ended;
      expect(ended).toMatchObject({ exitCode: 5, stderr: '' });
    });

    it('native: the next hermes on PATH, never itself', async () => {
      const container = await shared();
      const links = mkdtempSync(join(engines.dir, 'links-'));
      symlinkSync(join(directory, file), join(links, 'hermes'));
      const path = `${links}:${directory}:${join(container.packageDir, 'bin')}:/usr/bin:/bin`;
      const ended = await (await container.shell('hermes exit 3', { env: { PATH: path, HERMES_DEV: '1' } }))
        .ended;
      expect(ended).toMatchObject({ exitCode: 3, stderr: '' });
    });
  },
  ['docker'],
);

it('two builds of it are identical', async () => {
  const again = await build('single-again');
  expect(hash(join(again, file))).toBe(hash(join(directory, file)));
  rmSync(again, { recursive: true });
});

const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
