/** A container that is coming up is waited for; scripts see nothing of it until success or the error. */
import {
  copyFileSync,
  existsSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Ended, Running } from '../harness/call.ts';
import { hermesUid, type ManagedContainer, managedContainer } from '../harness/container.ts';
import { until } from '../harness/host.ts';
import { describeModes, distinctModes, inTurns, transportModes } from '../harness/modes.ts';
import { readReport } from '../harness/report.ts';
import { patient, telling, untilItWaits, withoutTrace } from '../harness/waiting.ts';

/** hermes ran once and nothing else was to be seen, on either stream. */
function expectSilentSuccess(ended: Ended, container: ManagedContainer): void {
  const { exitCode, stdout, stderr } = ended;
  expect([exitCode, stdout, withoutTrace(stderr)]).toEqual([0, 'Hermes Agent v0.0.0 (probe)\n', '']);
  expect(container.starts()).toHaveLength(1);
}

/** Waits until a telling call looks for metadata, which, or whose home, is kept as if it had been changed just now. */
async function untilItLooks(call: Running, changed: string): Promise<void> {
  const looks = () => {
    utimesSync(changed, Date.now() / 1000, Date.now() / 1000);
    return call.stderr().includes('home: ');
  };
  await until(looks, { what: 'the look', everyMs: 1 });
}

describeModes((mode) => {
  it('a container that is started later is waited for, in silence', async () => {
    await using container = await managedContainer(mode);
    await container.stop();
    await using silent = await container.session(['version'], { env: patient });
    await using telltale = await container.session(['version'], { env: telling });
    await untilItWaits(telltale);
    await container.start();
    expect(await silent.ended).toMatchObject({
      exitCode: 0,
      stdout: 'Hermes Agent v0.0.0 (probe)\n',
      stderr: '',
    });
    expect(await telltale.ended).toMatchObject({ exitCode: 0 });
    expect(container.starts()).toHaveLength(2);
  });

  it('a user that the first start creates late is waited for', async () => {
    await using container = await managedContainer(mode, { userAfterMs: 1500 });
    const ended = await container.hermes(['version'], { env: patient });
    expectSilentSuccess(ended, container);
    expect(existsSync(join(container.marks, 'user'))).toBe(true);
  });

  it('a hermes that is linked late is waited for', async () => {
    await using container = await managedContainer(mode);
    const link = join(container.stateDir, 'current-package');
    rmSync(link);
    await using call = await container.session(['version'], { env: telling });
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
}, inTurns(distinctModes));

describeModes((mode) => {
  it('a container that is removed and made anew under its name is waited for', async () => {
    await using container = await managedContainer(mode);
    await container.remove();
    await using call = await container.session(['version'], { env: telling });
    await untilItWaits(call);
    await container.create();
    await untilItWaits(call);
    await container.start();
    expectSilentSuccess(await call.ended, container);
  });
}, transportModes);

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
        await using call = await container.session(['version'], { env: telling });
        await untilItLooks(call, metadataFile);
        // taken as it is, it would be told of by now
        expect(call.stderr()).not.toContain('metadata: ');
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

    it('metadata that is missing for a moment, as the activation script leaves it, is not taken for none', async () => {
      await using container = await managedContainer(mode);
      const aside = `${container.metadataFile}.aside`;
      const env = { ...telling, HERMES_NATIVE_DIR: '/nonexistent' };
      const missing = async (): Promise<Ended> => {
        renameSync(container.metadataFile, aside);
        await using call = await container.session(['version'], { env });
        await untilItLooks(call, container.home);
        renameSync(aside, container.metadataFile);
        return await call.ended;
      };
      // it is looked for 100 ms: a busy machine may keep this test from putting it back so soon
      let ended = await missing();
      for (let tries = 1; tries < 20 && ended.exitCode !== 0; tries += 1) ended = await missing();
      expectSilentSuccess(ended, container);
    });
  },
  ['docker'],
);
