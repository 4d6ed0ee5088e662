/**
 * What a run has made on this machine, written down before it is made. Whoever finds the record of a dead run (the
 * guard, or the next run) can clean up after it.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idOf, isAlive, type ProcessId } from './processes.ts';

const prefix = 'hermes-shim-bed-';

export interface RunRecord {
  run: string;
  dir: string;
  owner: ProcessId;
  /** The private dockerd. */
  dockerd: ProcessId | null;
  /** The private service of root's podman. */
  podmanService: ProcessId | null;
  /** Where the service of a podman listens that is asked in no other way. */
  podmanHost: string | null;
  /** Is docker the machine's own, where containers and images must be removed one by one? */
  ambientDocker: boolean;
  /** Podmans that are not a user's of ours, likewise. */
  podmans: ('root' | 'sudo' | 'self' | 'socket')[];
  /** Are the engines called with the caller's own environment, root's too? */
  ambient: boolean;
  users: string[];
  /** System files to unlink. */
  files: string[];
  /** System directories made for these, or by the shim's calls; removed if empty. */
  directories: string[];
  images: string[];
}

const recordFile = (dir: string) => join(dir, 'run.json');

/** Makes the run's directory (unique)  and its first record. */
export function beginRecord(): RunRecord {
  const run = randomBytes(3).toString('hex');
  const dir = join(tmpdir(), prefix + run);
  mkdirSync(dir);
  const record: RunRecord = {
    run,
    dir,
    owner: idOf(process.pid),
    dockerd: null,
    podmanService: null,
    podmanHost: null,
    ambientDocker: false,
    podmans: [],
    ambient: false,
    users: [],
    files: [],
    directories: [],
    images: [],
  };
  saveRecord(record);
  return record;
}

/** Atomic, so that a reader never sees half a record. */
export function saveRecord(record: RunRecord): void {
  const draft = `${recordFile(record.dir)}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(record, null, 2));
  renameSync(draft, recordFile(record.dir));
}

export function readRecord(dir: string): RunRecord | null {
  try {
    // /tmp belongs to everybody: only a directory of our own is believed.
    if (statSync(dir).uid !== process.getuid?.()) return null;
    return JSON.parse(readFileSync(recordFile(dir), 'utf8')) as RunRecord;
  } catch {
    return null;
  }
}

/** Records of runs whose owner is gone. Directories of ours without a record (killed in the first moment) are removed. */
export function deadRecords(): RunRecord[] {
  const dirs = readdirSync(tmpdir())
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(tmpdir(), name));
  return dirs.flatMap((dir) => {
    const record = readRecord(dir);
    if (record === null) removeIfAbandoned(dir);
    return record !== null && !isAlive(record.owner) ? [record] : [];
  });
}

function removeIfAbandoned(dir: string): void {
  try {
    const { uid, mtimeMs } = statSync(dir);
    if (uid === process.getuid?.() && Date.now() - mtimeMs > 60_000)
      rmSync(dir, { recursive: true, force: true });
  } catch {
    // Somebody else was faster.
  }
}
