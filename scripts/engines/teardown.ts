/** Removing all that a run's record names. Safe to repeat, and to run twice at once: every step takes "gone" for done. */
import { readFileSync, rmdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { attempt } from './command.ts';
import { type EngineMode, labelOf } from './modes.ts';
import { askOwner, ourselves, removal } from './owner.ts';
import { endProcess, hostProcesses } from './processes.ts';
import type { RunRecord } from './record.ts';
import { removeUser } from './users.ts';

/** Containers first, then who runs them, then the users, and the run's directory with the record itself last. */
export async function tearDownRecord(record: RunRecord): Promise<void> {
  const asRoot = process.getuid?.() === 0 && !record.ambient;
  const dockerHost = record.dockerd === null ? null : `unix://${record.dir}/docker/sock`;
  const facts = { asRoot, dockerHost, podmanHost: record.podmanHost, callerUser: ourselves() };
  const clear = async (mode: EngineMode, keepsImages: boolean) => {
    const list = await askOwner(mode, facts, ['ps', '-aq', '--filter', `label=${labelOf(record.run)}`]);
    const ids = list.stdout.split('\n').filter((id) => id !== '');
    if (ids.length > 0) await askOwner(mode, facts, removal(mode, ids));
    if (!keepsImages) return;
    // a test's own are committed from a container of the run and have its label
    const own = await askOwner(mode, facts, ['images', '-q', '--filter', `label=${labelOf(record.run)}`]);
    for (const image of [...record.images, ...new Set(own.stdout.split('\n'))])
      if (image !== '') await askOwner(mode, facts, ['rmi', '-f', image]);
  };
  const podmanModes = {
    root: 'podman-root',
    sudo: 'podman-sudo',
    self: 'podman-rootless',
    socket: 'podman-socket',
  } as const;
  await Promise.all([
    record.dockerd !== null || record.ambientDocker ? clear('docker', record.ambientDocker) : null,
    ...record.podmans.map((podman) => clear(podmanModes[podman], true)),
  ]);
  await Promise.all([
    record.dockerd === null ? null : endProcess(record.dockerd),
    record.podmanService && endProcess(record.podmanService),
    // userdel rewrites one file: one after the other.
    record.users.reduce((before, name) => before.then(() => removeUser(name)), Promise.resolve()),
  ]);
  await endEngineLeftovers(record.dir);
  for (const file of record.files) rmSync(file, { force: true });
  for (const directory of record.directories) removeIfEmpty(directory);
  for (const mount of mountsBelow(record.dir)) await attempt(['umount', '-l', mount]);
  rmSync(record.dir, { recursive: true, force: true, maxRetries: 5 });
}

/** A dockerd that was killed leaves its containerd and shims, and a service may be unrecorded: known by our directory, a name nobody else has. */
async function endEngineLeftovers(dir: string): Promise<void> {
  const helpers = /^(dockerd|containerd|containerd-shim.*|runc|conmon|podman)$/;
  const ours = hostProcesses().filter(
    ({ argv }) =>
      helpers.test(basename(argv[0] ?? '')) && argv.some((argument) => argument.includes(`${dir}/`)),
  );
  await Promise.all(ours.map((process) => endProcess(process, 2000)));
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Not empty, so somebody else's too; or gone.
  }
}

/** Innermost first. mountinfo writes blanks as \040, but our own directory has none. */
function mountsBelow(dir: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${dir}/`))
    .reverse();
}
