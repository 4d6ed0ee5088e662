/** Setting up as root: everything is the run's own. */
import { findCommand } from './command.ts';
import { startDockerd } from './dockerd.ts';
import { dockerApiVersion, factsOf, loadAndRun, pack, type Tars, tested } from './load.ts';
import type { Availability, EngineFacts, EngineMode } from './modes.ts';
import type { OwnerFacts } from './owner.ts';
import { othersNeedSettings, writeSystemSettings, writeUserSettings } from './podman.ts';
import { startPodmanService } from './podman-service.ts';
import { type RunRecord, saveRecord } from './record.ts';
import { allowSudo, createUser } from './users.ts';

/** As root: a docker daemon and ordinary users of the run's own, podman made to work where it does not. */
export async function asRootUser(record: RunRecord, wanted: readonly EngineMode[]): Promise<EngineFacts> {
  const packing = pack(record);
  // where root's calls remember containers
  record.directories.push('/run/hermes-shim');
  const callerUser = await createUser(record, `hermes-bed-${record.run}`);
  const sudoUser = await createUser(record, `hermes-bed-${record.run}-sudo`);
  const base: OwnerFacts = { asRoot: true, dockerHost: null, podmanHost: null, callerUser };
  const tars = await packing;
  const [docker, podman] = await Promise.all([
    dockers(record, wanted, base, tars),
    podmans(record, wanted, { ...base, run: record.run }, tars, async (path) =>
      allowSudo(record, sudoUser, path),
    ),
  ]);
  return {
    ...factsOf(record),
    modes: { ...docker.modes, ...podman.modes },
    dockerHost: docker.host,
    dockerApiVersion: docker.apiVersion,
    podmanHost: podman.host,
    asRoot: true,
    callerUser,
    sudoUser,
  };
}

/** One daemon for both ways to it. */
async function dockers(record: RunRecord, wanted: readonly EngineMode[], base: OwnerFacts, tars: Tars) {
  let host: string | null = null;
  let apiVersion: string | null = null;
  const daemon = await tested(wanted, ['docker', 'docker-client'], async () => {
    host = await startDockerd(record, base.callerUser);
    const facts = { ...base, dockerHost: host, run: record.run };
    apiVersion = await dockerApiVersion(facts);
    return loadAndRun('docker', facts, record, tars);
  });
  const modes = {
    docker: await tested(wanted, ['docker'], async () => daemon),
    'docker-client': await tested(wanted, ['docker-client'], async () => daemon),
  };
  return { modes, host, apiVersion };
}

async function podmans(
  record: RunRecord,
  wanted: readonly EngineMode[],
  facts: OwnerFacts & { run: string },
  tars: Tars,
  allow: (podman: string) => Promise<void>,
) {
  const podman = findCommand('podman');
  let host: string | null = null;
  const attemptRoot = () => loadAndRun('podman-root', facts, record, tars);
  const onRoot =
    (more: (podman: string) => Promise<unknown>): (() => Promise<Availability>) =>
    async () => {
      if (podman !== null && rootful.available) await more(podman);
      return rootful;
    };
  const rootful = await tested(wanted, ['podman-root', 'podman-sudo', 'podman-socket'], async () => {
    if (podman === null) throw new Error('no podman on this machine');
    record.podmans.push('root');
    saveRecord(record);
    if (othersNeedSettings()) writeSystemSettings(record);
    const first = await attemptRoot();
    if (first.available || record.files.some((file) => file.endsWith('.conf'))) return first;
    writeSystemSettings(record);
    return attemptRoot();
  });
  const root = await tested(wanted, ['podman-root'], async () => rootful);
  const sudo = await tested(wanted, ['podman-sudo'], onRoot(allow));
  const socket = await tested(
    wanted,
    ['podman-socket'],
    onRoot(async () => {
      host = await startPodmanService(record, facts.callerUser);
    }),
  );
  const rootless = await tested(wanted, ['podman-rootless'], async () => {
    if (podman === null) throw new Error('no podman on this machine');
    const first = await loadAndRun('podman-rootless', facts, record, tars);
    if (first.available) return first;
    writeUserSettings(facts.callerUser);
    return loadAndRun('podman-rootless', facts, record, tars);
  });
  const modes = {
    'podman-root': root,
    'podman-sudo': sudo,
    'podman-rootless': rootless,
    'podman-socket': socket,
  };
  return { modes, host };
}
