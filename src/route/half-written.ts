import type { MetadataFile } from './read.ts';

/** A file or directory that changed less than this many milliseconds ago may still be changing. */
export const freshMs = 2000;

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
