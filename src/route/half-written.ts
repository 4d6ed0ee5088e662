import { fstatSync, lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Home, toHomePath } from './home.ts';
import type { MetadataFile } from './read.ts';

/** A file or directory that changed less than this many milliseconds ago may still be changing. */
const freshMs = 2000;

/** Changed just now? A time in the future, by a clock that was set back, counts as just now only when it is near. */
export function isFresh(changedMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - changedMs) < freshMs;
}

const anyKey = /^[ \t]*(backend|container_name|exec_user|hermes_bin)[ \t]*=/m;

/**
 * Does somebody seem to be writing this metadata at this moment? It is fresh, and empty, without any key yet, or cut
 * off within a line: half a path would be a valid one.
 */
export function isHalfWritten({ text, changedMs }: MetadataFile, nowMs: number): boolean {
  return isFresh(changedMs, nowMs) && !(text.endsWith('\n') && anyKey.test(text.replace(/^\ufeff/, '')));
}

/**
 * Is the metadata perhaps being replaced at this moment? The NixOS module unlinks it first. The directory changed just
 * now, and there are traces of container mode: a home that never was in it may have a gateway that writes there all the
 * time, for which no call shall wait.
 */
export function isBeingReplaced(home: Home, nowMs: number): boolean {
  // asked anew: the unlinking may have come after the home was opened
  return isFresh(fstatSync(home.descriptor).mtimeMs, nowMs) && tracesOf(home.path).some(isThere);
}

/** What the module leaves for a home that is in container mode, and for no other: beside it, and in a declared profile. */
function tracesOf(path: string): readonly string[] {
  const { root, profile } = toHomePath(path);
  if (profile !== undefined) return [join(path, '.container-launcher')];
  return ['.container-identity', 'current-package'].map((name) => join(dirname(root), name));
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
