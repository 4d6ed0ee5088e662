/** Setting up as root: everything is the run's own. */
import { findCommand } from './command.ts';
import { startDockerd } from './dockerd.ts';
import { factsOf, loadAndRun, pack, type Tars, tested } from './load.ts';
import type { EngineFacts, EngineMode } from './modes.ts';
import type { OwnerFacts } from './owner.ts';
import { othersNeedSettings, writeSystemSettings, writeUserSettings } from './podman.ts';
import { type RunRecord, saveRecord } from './record.ts';
import { allowSudo, createUser } from './users.ts';

/** As root: a docker daemon and ordinary users of the run's own, podman made to work where it does not. */
export async function asRootUser(record: RunRecord, wanted: readonly EngineMode[]): Promise<EngineFacts> {
  const packing = pack(record);
  const callerUser = await createUser(record, `hermes-bed-${record.run}`);
  const sudoUser = await createUser(record, `hermes-bed-${record.run}-sudo`);
  const base: OwnerFacts = { asRoot: true, dockerHost: null, callerUser };
  const tars = await packing;
  const [docker, podman] = await Promise.all([
    tested(wanted, 'docker', async () => {
      const facts = { ...base, dockerHost: await startDockerd(record, callerUser), run: record.run };
      return loadAndRun('docker', facts, record, tars);
    }),
    podmans(record, wanted, { ...base, run: record.run }, tars, async (path) =>
      allowSudo(record, sudoUser, path),
    ),
  ]);
  return {
    ...factsOf(record),
    modes: { docker, ...podman },
    dockerHost: record.dockerd === null ? null : `unix://${record.dir}/docker/sock`,
    asRoot: true,
    callerUser,
    sudoUser,
  };
}

async function podmans(
  record: RunRecord,
  wanted: readonly EngineMode[],
  facts: OwnerFacts & { run: string },
  tars: Tars,
  allow: (podman: string) => Promise<void>,
) {
  const podman = findCommand('podman');
  const attemptRoot = () => loadAndRun('podman-root', facts, record, tars);
  const rootful = await tested(
    [...wanted, ...(wanted.includes('podman-sudo') ? (['podman-root'] as const) : [])],
    'podman-root',
    async () => {
      if (podman === null) throw new Error('no podman on this machine');
      record.podmans.push('root');
      saveRecord(record);
      if (othersNeedSettings()) writeSystemSettings(record);
      const first = await attemptRoot();
      if (first.available || record.files.some((file) => file.endsWith('.conf'))) return first;
      writeSystemSettings(record);
      return attemptRoot();
    },
  );
  const sudo = await tested(wanted, 'podman-sudo', async () => {
    if (podman === null || !rootful.available) return rootful;
    await allow(podman);
    return rootful;
  });
  const rootless = await tested(wanted, 'podman-rootless', async () => {
    if (podman === null) throw new Error('no podman on this machine');
    const first = await loadAndRun('podman-rootless', facts, record, tars);
    if (first.available) return first;
    writeUserSettings(facts.callerUser);
    return loadAndRun('podman-rootless', facts, record, tars);
  });
  return { 'podman-root': rootful, 'podman-sudo': sudo, 'podman-rootless': rootless };
}
