/** A call writes nothing on the host: it works where nothing can be written, and leaves no trace where it could. */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { shim } from '../harness/installed.ts';
import { describeModes, engines, modes } from '../harness/modes.ts';
import { nativeIn } from '../harness/native.ts';
import { callWithView } from '../harness/view.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(engines.dir, 'read-only-'));
  chmodSync(scratch, 0o755);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describeModes(
  (mode) => {
    describe('HOME', () => {
      let container: ManagedContainer;
      let native: string;
      beforeAll(async () => {
        container = await managedContainer(mode);
        native = nativeIn(scratch, mode);
      });
      afterAll(() => container[Symbol.asyncDispose]());

      it.each([
        ['is read-only', 'the-home'],
        ['does not exist', 'none'],
        ['is empty', ''],
      ])('that %s is enough, in the container and on the host', async (_, name) => {
        const HOME = name && join(scratch, name);
        const view = {
          last: `mkdir -p ${scratch}/the-home; mount -t tmpfs -o ro none ${scratch}/the-home`,
        };
        const call = async (env: Record<string, string>) =>
          callWithView(container.caller, view, [await shim(), 'version'], { env: { HOME, ...env } }).ended;
        expect(await call({})).toMatchObject({
          exitCode: 0,
          stdout: 'Hermes Agent v0.0.0 (probe)\n',
          stderr: '',
        });
        expect(await call({ HERMES_DEV: '1', HERMES_NATIVE_DIR: native })).toMatchObject({
          exitCode: 0,
          stdout: `native ${mode} hermes: version\n`,
          stderr: '',
        });
      });

      it('that can be written is left as it was', async () => {
        const HOME = mkdtempSync(join(scratch, 'clean-'));
        chmodSync(HOME, 0o777);
        const env = { HOME, XDG_CACHE_HOME: HOME, TMPDIR: HOME };
        expect(await container.hermes(['version'], { env })).toMatchObject({ exitCode: 0, stderr: '' });
        const onHost = { ...env, HERMES_DEV: '1', HERMES_NATIVE_DIR: native };
        expect(await container.hermes(['version'], { env: onHost })).toMatchObject({
          exitCode: 0,
          stdout: `native ${mode} hermes: version\n`,
        });
        expect(readdirSync(HOME)).toEqual([]);
      });
    });
  },
  engines.asRoot ? modes.filter((mode) => mode === 'docker' || mode === 'podman-root') : [],
);
