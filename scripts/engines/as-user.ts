/** Setting up as an ordinary user, on somebody's laptop: what is there is used. */
import { join } from 'node:path';
import { dockerApiVersion, factsOf, loadAndRun, pack, tested } from './load.ts';
import type { EngineFacts, EngineMode, Person } from './modes.ts';
import { ourselves } from './owner.ts';
import { answersPing } from './ping.ts';
import { type RunRecord, saveRecord } from './record.ts';

/** Their docker, their podman, their sudo, a podman that listens. Nothing is installed, nobody is created. */
export async function asOrdinaryUser(record: RunRecord, wanted: readonly EngineMode[]): Promise<EngineFacts> {
  const person = ourselves();
  const podmanHost = wanted.includes('podman-socket') ? await listeningPodman(person) : null;
  const facts = { asRoot: false, dockerHost: null, podmanHost, callerUser: person, run: record.run };
  const tars = await pack(record);
  const dockers = ['docker', 'docker-client'] as const;
  record.ambientDocker = dockers.some((mode) => wanted.includes(mode));
  record.podmanHost = podmanHost;
  if (wanted.includes('podman-rootless')) record.podmans.push('self');
  if (wanted.includes('podman-sudo')) record.podmans.push('sudo');
  if (podmanHost !== null) record.podmans.push('socket');
  // where their calls remember containers
  record.directories.push(join(person.runtimeDir, 'hermes-shim'));
  saveRecord(record);
  const ran = (mode: EngineMode) => tested(wanted, [mode], () => loadAndRun(mode, facts, record, tars));
  const daemon = await tested(wanted, dockers, () => loadAndRun('docker', facts, record, tars));
  const apiVersion = daemon.available ? await dockerApiVersion(facts) : null;
  const modes = {
    docker: await tested(wanted, ['docker'], async () => daemon),
    'docker-client': await tested(wanted, ['docker-client'], async () => daemon),
    'podman-root': { available: false, why: 'only root can be root' } as const,
    'podman-sudo': await ran('podman-sudo'),
    'podman-rootless': await ran('podman-rootless'),
    'podman-socket':
      podmanHost === null
        ? ({ available: false, why: 'no podman listens on a socket for this user' } as const)
        : await ran('podman-socket'),
  };
  return {
    ...factsOf(record),
    ...{ modes, dockerHost: null, dockerApiVersion: apiVersion, podmanHost },
    ...{ asRoot: false, callerUser: person, sudoUser: person },
  };
}

/** The first of this user's own podman and root's that answers on its socket, as CONTAINER_HOST has it. */
async function listeningPodman({ runtimeDir }: Person): Promise<string | null> {
  for (const socket of [`${runtimeDir}/podman/podman.sock`, '/run/podman/podman.sock'])
    if (await answersPing(socket)) return `unix://${socket}`;
  return null;
}
