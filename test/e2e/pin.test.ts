/**
 * With a pin, the container has no say: whatever it makes of its home, at the moment of the call, no path that names the
 * pin's home leads to a hermes on the host. Needs root, for a view of /etc of its own.
 */
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { shim } from '../harness/installed.ts';
import { describeModes, engines, modes } from '../harness/modes.ts';
import { readReport } from '../harness/report.ts';
import { swapper } from '../harness/swapper.ts';
import { callWithView } from '../harness/view.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(engines.dir, 'pin-'));
  chmodSync(scratch, 0o755);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const inContainer = { exitCode: 0, stdout: 'Hermes Agent v0.0.0 (probe)\n', stderr: '' };

/** What the container does, in there, as its own root. `/data/x` is the home then. */
const deeds = {
  'moves it away': 'mv /data/.hermes /data/x',
  'leaves a file there': 'mv /data/.hermes /data/x; : >/data/.hermes',
  'leaves a dangling link there': 'mv /data/.hermes /data/x; ln -s /nonexistent /data/.hermes',
  'leaves a link to another home there': 'mv /data/.hermes /data/x; ln -s workspace /data/.hermes',
};
const undo = 'rm -f /data/.hermes; mv /data/x /data/.hermes';

describeModes(
  (mode) => {
    let container: ManagedContainer;
    let person: string;
    let names: Record<string, string>;
    let mark: string;
    beforeAll(async () => {
      container = await managedContainer(mode);
      person = mkdtempSync(join(scratch, 'person-'));
      chmodSync(person, 0o755);
      const link = (name: string, target: string) => {
        symlinkSync(target, join(person, name));
        return join(person, name);
      };
      const above = link('above', container.stateDir);
      const one = link('one', container.home);
      names = {
        'its own path': container.home,
        'a directory above that is a link': join(above, '.hermes'),
        'a relative link': link('relative', 'above/.hermes'),
        'two links': link('two', one),
      };
      link('.hermes', container.home);
      mark = join(person, 'native.mark');
      fakeEngine(join(person, 'native'), 'hermes', `echo ran >>${mark}; echo NATIVE RAN`);
    });
    afterAll(() => container[Symbol.asyncDispose]());

    const pinned = async (
      args: readonly string[],
      HERMES_HOME: string | undefined,
      home = container.home,
    ) => {
      const pin = `backend=${container.engine}\ncontainer_name=${container.name}\nhermes_bin=${container.hermesBin}\nhermes_home=${home}\n`;
      const env = {
        HERMES_HOME,
        HOME: HERMES_HOME === undefined ? person : container.caller.env.HOME,
        HERMES_NATIVE_DIR: join(person, 'native'),
        HERMES_SHIM_WAIT: '0',
      };
      const view = { files: { '/etc/hermes-shim/container-mode': pin } };
      return callWithView(container.caller, view, [await shim(), ...args], { env }).ended;
    };
    const inside = async (code: string) => {
      const { code: status, stderr } = await container.exec(['sh', '-c', code], { user: '0' });
      expect([status, stderr]).toEqual([0, '']);
    };

    describe.each(Object.entries(deeds))('a container that %s', (_, deed) => {
      beforeAll(() => inside(deed));
      afterAll(() => inside(undo));

      it('is entered all the same, by every name of its home, and of a profile in it', async () => {
        for (const [name, path] of Object.entries(names)) {
          expect(await pinned(['version'], path), name).toMatchObject(inContainer);
          const { stdoutBytes, stderr } = await pinned(['report'], join(path, 'profiles/side'));
          expect(stderr, name).toBe('');
          expect(readReport(stdoutBytes).env.HERMES_HOME, name).toBe('/data/.hermes/profiles/side');
        }
        expect(await pinned(['version'], undefined)).toMatchObject(inContainer);
        expect(existsSync(mark)).toBe(false);
      });

      it('does not escape a pin whose own path has a link in it', async () => {
        const own = join(person, 'above/.hermes');
        for (const path of [container.home, own]) {
          const { stdout } = await pinned(['version'], path, own);
          expect(stdout).not.toContain('NATIVE');
        }
        expect(existsSync(mark)).toBe(false);
      });
    });

    it('a container that exchanges its home for a file, again and again, is never taken for none', async () => {
      const file = join(container.stateDir, 'bait');
      await inside(': >/data/bait');
      {
        await using _ = await swapper('exchange', container.home, file);
        for (const path of Object.values(names))
          for (let n = 0; n < 4; n++) {
            const { stdout, exitCode } = await pinned(['version'], path);
            expect([0, 125]).toContain(exitCode);
            expect(stdout).not.toContain('NATIVE');
          }
      }
      expect(existsSync(mark)).toBe(false);
      // whichever of the two is the directory now
      await inside('[ -d /data/.hermes ] || { rm /data/.hermes; mv /data/bait /data/.hermes; }');
    });
  },
  engines.asRoot ? modes.filter((mode) => mode === 'docker' || mode === 'podman-root') : [],
);
