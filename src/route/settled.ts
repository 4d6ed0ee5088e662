import { fstatSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '../report/trace.ts';
import type { Home } from './home.ts';
import type { Environment } from './inside.ts';
import { type MetadataFile, readMetadataFile } from './read.ts';

/** How long a directory or a file counts as just changed, and how long a missing file is looked for, in milliseconds. */
const freshMs = 2000;
const lookAgainMs = 100;

/** Between two looks, in milliseconds. */
const rhythmMs = 10;

/**
 * Reads a home's metadata as it is once a change that is going on has settled. The NixOS module replaces the file by
 * unlinking it first: where the directory just changed, a missing file is looked for again for 100 ms. A file that is
 * empty or ends in the middle of a line is read again until it is whole or 2 s old, or the caller's patience ends.
 * @param env `HERMES_SHIM_WAIT` below 2 s shortens it
 * @throws {Failure} as `readMetadataFile`
 */
export async function readSettled(home: Home, env: Environment): Promise<MetadataFile | undefined> {
  const begun = performance.now();
  const elapsed = (): number => performance.now() - begun;
  const patienceMs = Math.min(freshMs, waitMs(env));
  for (;;) {
    const found = readMetadataFile(home);
    if (found ? isWhole(found.text) || !isFresh(found.changedMs) : !isFresh(changedMs(home))) return found;
    if (elapsed() >= (found ? patienceMs : lookAgainMs)) return found;
    if (found) trace(() => `${found.file} is being written`);
    await sleep(rhythmMs);
  }
}

/** Was the last word of it written? A line that does not end may be half of one. */
export function isWhole(text: string): boolean {
  return text.trim() !== '' && text.endsWith('\n');
}

/** Changed less than 2 s ago. A time in the future, which the container can set, is no news either. */
export function isFresh(changed: number, now = Date.now()): boolean {
  return Math.abs(now - changed) < freshMs;
}

/** Asked anew at each look: a file that vanished a moment ago has changed the directory a moment ago. */
function changedMs(home: Home): number {
  return fstatSync(home.descriptor).mtimeMs;
}

function waitMs(env: Environment): number {
  const asked = env.HERMES_SHIM_WAIT;
  return asked !== undefined && /^\d+(\.\d+)?$/.test(asked) ? Number(asked) * 1000 : freshMs;
}
