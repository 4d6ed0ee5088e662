/** Is a container as it was before a test? Looked at from outside, by root: its processes, its files, those of its host. */
import { lstatSync, readdirSync, readlinkSync, rmSync, type Stats, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { idOf, isAlive, type ProcessId, until } from './host.ts';
import type { ManagedContainer } from './managed-container.ts';

export interface Condition {
  init: ProcessId;
  /** Of the host's directories of the container, and of its own file system: what each path is. */
  outside: Map<string, string>;
  inside: Map<string, string>;
  metadata: string | null;
}

/** Where anybody may write, often a file system of its own. Nothing in a container is removed from outside: what is there may lead out. */
const scratch = ['tmp', 'dev/shm', 'var/tmp'];

/** What it is like now. */
export async function conditionOf(container: ManagedContainer): Promise<Condition> {
  const init = idOf((await container.inspect()).State.Pid);
  return { init, outside: outsideOf(container), inside: insideOf(init), metadata: container.metadata };
}

/** Removes what a test has added, and writes the metadata anew. False: something else is not as it was. */
export async function tidyUp(container: ManagedContainer, before: Condition): Promise<boolean> {
  if (container.touched || !isAlive(before.init)) return false;
  try {
    await until(async () => (await container.sessionProcesses()).length === 0, {
      what: 'its sessions to end',
      ms: 500,
    });
    const added = [...outsideOf(container).keys()].filter((path) => !before.outside.has(path));
    for (const path of added) rmSync(path, { recursive: true, force: true });
    rmSync(container.metadataFile, { recursive: true, force: true });
    if (before.metadata !== null) writeFileSync(container.metadataFile, before.metadata);
    return same(before.outside, outsideOf(container)) && same(before.inside, insideOf(before.init));
  } catch {
    return false;
  }
}

const rootOf = ({ pid }: ProcessId, dir = ''): string => join(`/proc/${pid}/root`, dir);

/** Without what changes with every call. */
function outsideOf({ root, marks, metadataFile }: ManagedContainer): Map<string, string> {
  const seen = walk(root);
  for (const path of seen.keys())
    if (path.startsWith(`${marks}/`) || path === metadataFile) seen.delete(path);
    else if (path.endsWith('/starts.log')) seen.set(path, 'starts.log');
  return seen;
}

/** Without the notes of sessions, of which every call leaves some. */
function insideOf(init: ProcessId): Map<string, string> {
  const isNotes = (path: string): boolean => basename(path).startsWith('.hermes-shim-');
  const root = rootOf(init, '.');
  const seen = walk(root, isNotes);
  for (const dir of scratch) {
    const path = join(root, dir);
    const facts = lstatSync(path, { throwIfNoEntry: false });
    if (facts?.isDirectory() && facts.dev !== lstatSync(root).dev)
      for (const [below, what] of walk(path, isNotes)) seen.set(below, what);
  }
  return seen;
}

/** All below a directory on its file system. */
function walk(dir: string, skip: (path: string) => boolean = () => false): Map<string, string> {
  const seen = new Map<string, string>();
  const { dev } = lstatSync(join(dir, '.'));
  const visit = (at: string): void => {
    for (const name of readdirSync(at)) {
      const path = join(at, name);
      const facts = lstatSync(path);
      if (skip(path) || facts.dev !== dev) continue;
      seen.set(path, describe(path, facts));
      if (facts.isDirectory()) visit(path);
    }
  };
  visit(dir);
  return seen;
}

/** A directory’s times change with what is in it, which is looked at itself. */
function describe(path: string, facts: Stats): string {
  const { mode, uid, gid, size, ctimeMs } = facts;
  const content = facts.isDirectory()
    ? ''
    : facts.isSymbolicLink()
      ? readlinkSync(path)
      : `${size} ${ctimeMs}`;
  return `${mode} ${uid} ${gid} ${content}`;
}

const same = (one: Map<string, string>, other: Map<string, string>): boolean =>
  one.size === other.size && [...one].every(([path, what]) => other.get(path) === what);
