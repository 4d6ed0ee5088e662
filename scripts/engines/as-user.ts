/** Setting up as an ordinary user, on somebody's laptop: what is there is used. */
import { factsOf, loadAndRun, pack, tested } from './load.ts';
import type { EngineFacts, EngineMode } from './modes.ts';
import { ourselves } from './owner.ts';
import { type RunRecord, saveRecord } from './record.ts';

/** Their docker, their podman, their sudo. Nothing is installed, nobody is created. */
export async function asOrdinaryUser(record: RunRecord, wanted: readonly EngineMode[]): Promise<EngineFacts> {
  const person = ourselves();
  const facts = { asRoot: false, dockerHost: null, callerUser: person, run: record.run };
  const tars = await pack(record);
  record.ambientDocker = wanted.includes('docker');
  if (wanted.includes('podman-rootless')) record.podmans.push('self');
  if (wanted.includes('podman-sudo')) record.podmans.push('sudo');
  saveRecord(record);
  const modes = {
    docker: await tested(wanted, 'docker', () => loadAndRun('docker', facts, record, tars)),
    'podman-root': { available: false, why: 'only root can be root' } as const,
    'podman-sudo': await tested(wanted, 'podman-sudo', () => loadAndRun('podman-sudo', facts, record, tars)),
    'podman-rootless': await tested(wanted, 'podman-rootless', () =>
      loadAndRun('podman-rootless', facts, record, tars),
    ),
  };
  return { ...factsOf(record), modes, dockerHost: null, asRoot: false, callerUser: person, sudoUser: person };
}
