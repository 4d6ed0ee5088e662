/** A container that is coming up is waited for; scripts see nothing of it until success or the error. */
import {
  copyFileSync,
  existsSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Ended, Running } from '../harness/call.ts';
import { hermesUid, type ManagedContainer, managedContainer } from '../harness/container.ts';
import { until } from '../harness/host.ts';
import { describeModes } from '../harness/modes.ts';
import { readReport } from '../harness/report.ts';

/** hermes ran once and nothing else was to be seen, on either stream. */
function expectSilentSuccess(ended: Ended, container: ManagedContainer): void {
  expect([ended.exitCode, ended.stdout, ended.stderr]).toEqual([0, 'Hermes Agent v0.0.0 (probe)\n', '']);
  expect(container.starts()).toHaveLength(1);
}

/** The shim waits: it runs, and has looked more than once by now. */
async function untilItWaits(running: Running): Promise<void> {
  await pause(700);
  expect([running.stdout(), running.stderr()]).toEqual(['', '']);
  expect(existsSync(`/proc/${running.pid}/exe`) && statSync(`/proc/${running.pid}`).isDirectory()).toBe(true);
}

describeModes((mode) => {
  it('a container that is started 2 s later is waited for, in silence', async () => {
    await using container = await managedContainer(mode);
    await container.stop();
    await using call = await container.session(['version']);
    await pause(2000);
    expect([call.stdout(), call.stderr()]).toEqual(['', '']);
    await container.start();
    expectSilentSuccess(await call.ended, container);
  });

  it('a container that is removed and made anew under its name is waited for', async () => {
    await using container = await managedContainer(mode);
    await container.remove();
    await using call = await container.session(['version']);
    await untilItWaits(call);
    await container.create();
    await untilItWaits(call);
    await container.start();
    expectSilentSuccess(await call.ended, container);
  });

  it('a user that the first start creates late is waited for', async () => {
    await using container = await managedContainer(mode, { userAfterMs: 1500 });
    const ended = await container.hermes(['version']);
    expectSilentSuccess(ended, container);
    expect(existsSync(join(container.marks, 'user'))).toBe(true);
  });

  it('a hermes that is linked late is waited for', async () => {
    await using container = await managedContainer(mode);
    const link = join(container.stateDir, 'current-package');
    rmSync(link);
    await using call = await container.session(['version']);
    await untilItWaits(call);
    symlinkSync(container.packageDir, link);
    expectSilentSuccess(await call.ended, container);
  });

  it('a user that never appears is called by the numbers of the container', async () => {
    await using container = await managedContainer(mode, {
      userAfterMs: 'never',
      env: { HERMES_UID: String(hermesUid), HERMES_GID: String(hermesUid) },
    });
    const late = await container.hermes(['report', '-'], { env: { HERMES_SHIM_WAIT: '0.3' } });
    expect([late.exitCode, late.stderr]).toEqual([0, '']);
    expect(readReport(late.stdoutBytes)).toMatchObject({ uid: hermesUid, gid: hermesUid });
    // somebody else has the uid: the entrypoint adopts them, and nobody waits for a name that never comes
    await container.exec(['sh', '-c', `echo alice:x:${hermesUid}:${hermesUid}::/:/bin/sh >>/etc/passwd`], {
      user: '0',
    });
    const adopted = await container.hermes(['report', '-'], { env: { HERMES_SHIM_WAIT: '60' } });
    expect(readReport(adopted.stdoutBytes).uid).toBe(hermesUid);
    expect(container.starts()).toHaveLength(2);
  });

  it('HERMES_SHIM_WAIT=0 does not wait', async () => {
    await using container = await managedContainer(mode);
    await container.stop();
    const stopped = await container.hermes(['version'], { env: { HERMES_SHIM_WAIT: '0' } });
    expect(stopped.exitCode).toBe(125);
    expect(stopped.stderr).toContain('is not running');
    expect(stopped.stderr).not.toContain('waited');
    expect(container.starts()).toEqual([]);
  });
});

describeModes(
  (mode) => {
    it('metadata that is being written is read again', async () => {
      await using container = await managedContainer(mode);
      const { metadataFile } = container;
      const whole = `${metadataFile}.whole`;
      renameSync(metadataFile, whole);
      for (const half of ['', '# Written by NixOS activation script.\n', `backend=docker\ncontainer_na`]) {
        container.forgetStarts();
        const draft = `${metadataFile}.draft`;
        writeFileSync(draft, half);
        renameSync(draft, metadataFile);
        await using call = await container.session(['version']);
        await pause(300);
        expect([call.stdout(), call.stderr()]).toEqual(['', '']);
        copyFileSync(whole, draft);
        renameSync(draft, metadataFile);
        expectSilentSuccess(await call.ended, container);
      }
    });

    it('metadata that was cut off long ago counts as it is, and HERMES_SHIM_WAIT=0 takes it as it is at once', async () => {
      await using container = await managedContainer(mode);
      container.writeMetadata(`backend=docker\ncontainer_name=${container.name}x`);
      const minuteAgo = Date.now() / 1000 - 60;
      const now = await container.hermes(['version'], { env: { HERMES_SHIM_WAIT: '0' } });
      utimesSync(container.metadataFile, minuteAgo, minuteAgo);
      const old = await container.hermes(['version'], { env: { HERMES_SHIM_WAIT: '0.1' } });
      for (const { exitCode, stderr } of [now, old]) {
        expect(exitCode).toBe(125);
        expect(stderr).toContain(`container '${container.name}x' does not exist`);
      }
    });

    it('metadata that is missing for a moment, as the activation script leaves it, is never taken for none', async () => {
      await using container = await managedContainer(mode);
      const aside = `${container.metadataFile}.aside`;
      renameSync(container.metadataFile, aside);
      await using call = await container.session(['version'], { env: { HERMES_NATIVE_DIR: '/nonexistent' } });
      // node itself takes 40 ms to start, so that this is within the 100 ms
      await until(() => existsSync(`/proc/${call.pid}`), { what: 'the shim' });
      renameSync(aside, container.metadataFile);
      expectSilentSuccess(await call.ended, container);
    });
  },
  ['docker'],
);
