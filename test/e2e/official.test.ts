import { readFileSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { officialUid } from '../../scripts/engines/official.ts';
import { companion, companionJson } from '../harness/companion.ts';
import { until } from '../harness/host.ts';
import type { ManagedContainer } from '../harness/managed-container.ts';
import { describeModes, engines, inTurns, usualModes } from '../harness/modes.ts';
import { numbersOf, officialContainer, ownerOfMade } from '../harness/official.ts';
import { readReport } from '../harness/report.ts';

/** What a person types first, whatever the container's age. */
async function enabled(container: ManagedContainer): Promise<string> {
  const ended = await companion(container, ['enable']);
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
  return readFileSync(container.metadataFile, 'utf8');
}

describeModes((mode) => {
  const { inside, env } = numbersOf(mode);

  it("the official image's hermes is found by enable alone, and runs as its own user in its own place", async () => {
    await using container = await officialContainer(mode);
    expect((await enabled(container)).split('\n')).toEqual([
      '# Written by hermes-shim enable; hermes-shim disable removes it.',
      `backend=${container.engine}`,
      `container_name=${container.name}`,
      'exec_user=hermes',
      'hermes_bin=/opt/hermes/.venv/bin/hermes',
      '',
    ]);
    const report = readReport((await container.hermes(['report'])).stdoutBytes);
    expect(report).toMatchObject({ uid: inside, cwd: '/opt/hermes', program: container.hermesBin });
    expect(report.env).toMatchObject({ HOME: '/opt/data', HERMES_HOME: '/opt/data' });
    // both siblings are there, too
    const agent = await container.hermes(['report'], { name: 'hermes-agent' });
    expect(readReport(agent.stdoutBytes).program).toBe('/opt/hermes/.venv/bin/hermes-agent');
    const acp = await container.hermes([], { name: 'hermes-acp', input: '{"id":1}\n' });
    expect(acp).toMatchObject({ exitCode: 0, stdout: '{"echo":{"id":1}}\n' });
    expect(await container.hermes(['--version'])).toMatchObject({ exitCode: 0 });
    expect(await container.hermes(['version'])).toMatchObject({ exitCode: 2 });
  });

  it("files made through the shim belong to the home's owner, never to root", async () => {
    await using container = await officialContainer(mode);
    await enabled(container);
    const owner = statSync(container.home).uid;
    expect(await ownerOfMade(container)).toBe(owner);
    if (mode === 'podman-rootless') expect(owner).toBeGreaterThanOrEqual(100_000);
    else expect(owner).toBe(inside);
  });

  it('metadata that says root gets the privilege drop of the image', async () => {
    await using container = await officialContainer(mode);
    await enabled(container);
    const root = await companion(container, ['disable']).then(() =>
      companion(container, ['enable', '--user', 'root']),
    );
    expect(root).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(container.metadataFile, 'utf8')).toContain('hermes_bin=/opt/hermes/bin/hermes\n');
    const report = readReport((await container.hermes(['report'])).stdoutBytes);
    expect(report.uid).toBe(inside);
    expect(await ownerOfMade(container)).toBe(statSync(container.home).uid);
  });

  it('enable waits until a container that has just started knows who hermes is', async () => {
    await using container = await officialContainer(mode, {
      start: false,
      env: { ...env, STAND_IN_DELAY: '2' },
    });
    await container.engineCli(['start', container.id]);
    const found = await companionJson<{ user: string }>(container, ['enable']);
    expect(found.user).toBe('hermes');
    const report = readReport((await container.hermes(['report'])).stdoutBytes);
    expect(report.uid).toBe(inside);
  });

  it('a session of it ends by TERM, and the gateway goes on', async () => {
    await using container = await officialContainer(mode);
    await enabled(container);
    await using session = await container.session(['trap', 'TERM', '7']);
    await session.waitFor('ready');
    session.kill('SIGTERM');
    expect(await session.ended).toMatchObject({
      exitCode: 7,
      stdout: expect.stringContaining('goodbye TERM'),
    });
    await container.untilNoGuests();
    expect((await container.processes()).some(({ argv }) => argv.includes('gateway'))).toBe(true);
  });
}, inTurns(usualModes));

describeModes(
  (mode) => {
    it("a home kept by keep-id stays its owner's: what hermes makes is theirs", async () => {
      await using container = await officialContainer(mode, {
        env: { HERMES_UID: undefined, HERMES_GID: undefined },
        engineArgs: [`--userns=keep-id:uid=${officialUid},gid=${officialUid}`, '--user=0:0'],
      });
      await enabled(container);
      const report = readReport((await container.hermes(['report'])).stdoutBytes);
      expect(report.uid).toBe(officialUid);
      expect(await ownerOfMade(container)).toBe(container.caller.uid);
    });
  },
  ['podman-rootless'],
);

describeModes(
  (mode) => {
    it('a container on a bridge network is entered like any other', async () => {
      await using container = await officialContainer(mode);
      const network = `${container.name}-bridge`;
      await container.engineCli(['network', 'create', network]);
      await using bridged = await officialContainer(mode, { network });
      await enabled(bridged);
      const report = readReport((await bridged.hermes(['report'])).stdoutBytes);
      expect(report.uid).toBe(numbersOf(mode).inside);
      await bridged.remove();
      await container.engineCli(['network', 'rm', network]);
    });
  },
  ['docker', 'podman-root'],
);

describeModes(
  (mode) => {
    it.runIf(engines.asRoot)(
      'a home that hermes has closed to this user is told with what opens it, and that does',
      async () => {
        const closed = { HERMES_UID: undefined, HERMES_GID: undefined, HERMES_HOME_MODE: undefined };
        await using container = await officialContainer(mode, { env: closed });
        const owner = await until(
          () => (statSync(container.home).mode & 0o777) === 0o700 && statSync(container.home).uid,
          {
            what: 'hermes to close its home',
          },
        );
        for (const name of ['hermes', 'hermes-shim'] as const) {
          const ended = await container.hermes(['enable'], { name });
          expect(ended).toMatchObject({ exitCode: name === 'hermes' ? 125 : 1, stdout: '' });
          expect(ended.stderr).toContain(
            `cannot be read by this user (EACCES): the home belongs to uid ${owner}\n`,
          );
          expect(ended.stderr).toContain('-e HERMES_HOME_MODE=0711\n');
          // to a rootless podman the caller's numbers are another's
          expect(ended.stderr.includes('-e HERMES_UID=$(id -u)')).toBe(mode === 'docker');
        }
        await using open = await officialContainer(mode, { env: { ...closed, HERMES_HOME_MODE: '0711' } });
        await enabled(open);
        const report = readReport((await open.hermes(['report'])).stdoutBytes);
        expect(report.uid).toBe(officialUid);
        expect(statSync(open.home).mode & 0o777).toBe(0o711);
      },
    );
  },
  ['docker', 'podman-rootless'],
);
