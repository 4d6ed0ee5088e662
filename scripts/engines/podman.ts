/** Making podman work on a machine where it does not by itself: no systemd, an old cgroup layout. */
import { chownSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Person } from './modes.ts';
import { type RunRecord, saveRecord } from './record.ts';

/** crun refuses cgroup v1 hybrids, systemd and journald are not there, and limits cannot be raised inside a sandbox. */
const settings = `# Written by hermes-shim's tests, for as long as they run.
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=1024:4096", "nproc=1000:1000"]
`;

const systemDir = '/etc/containers/containers.conf.d';

/** Another run at work here needs these settings too, and takes its own file away when it ends. */
export const othersNeedSettings = (): boolean =>
  existsSync(systemDir) && readdirSync(systemDir).some((name) => name.startsWith('hermes-shim-bed-'));

/** System-wide, since sudo drops CONTAINERS_CONF. A drop-in of the run's own, never a file that was there. */
export function writeSystemSettings(record: RunRecord): void {
  // Whichever run leaves last removes the directory, if it is empty then.
  record.directories.push(systemDir);
  record.files.push(join(systemDir, `hermes-shim-bed-${record.run}.conf`));
  saveRecord(record);
  mkdirSync(systemDir, { recursive: true });
  // at once, since every podman on this machine reads it, and complains of a half
  const file = record.files.at(-1) as string;
  writeFileSync(`${file}.draft`, settings, { mode: 0o644 });
  renameSync(`${file}.draft`, file);
}

/** For one user alone, in the home that the run made for them. */
export function writeUserSettings(person: Person): void {
  const file = join(person.home, '.config/containers/containers.conf');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, settings, { mode: 0o644 });
  for (const path of [join(person.home, '.config'), dirname(file), file])
    chownSync(path, person.uid, person.gid);
}
