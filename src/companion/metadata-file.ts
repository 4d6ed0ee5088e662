import { fstatSync, unlinkSync } from 'node:fs';
import type { EngineAccess } from '../engine/access.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import { hintWord } from '../report/paste.ts';
import type { Caller } from '../route/caller.ts';
import type { Home } from '../route/home.ts';
import { metadataName } from '../route/read.ts';
import { errorCode } from '../system/error-code.ts';
import { replaceFile } from '../system/replace-file.ts';
import { runScriptProbe } from './run-probe.ts';

/** The way to a home that belongs to the container's uid: an exec as that uid. */
export type Inside = {
  readonly via: EngineAccess;
  readonly containerId: string;
  /** `uid:gid` of the home's owner in there */
  readonly owner: string;
  readonly containerHome: string;
};

/** `$1` home, `$2` text. A name of its own, made anew, then one rename: no reader sees half a file. */
const writing = `umask 022
set -C
t=$1/${metadataName}.$$
printf %s "$2" >"$t" && mv -f "$t" "$1/${metadataName}"`;

/**
 * Writes the metadata, 0644 and at once: by ourselves where the home is the caller's, else through the container.
 * @returns how it was written, for people
 * @throws {Failure} 125 when neither works
 */
export async function writeMetadata(
  home: Home,
  text: string,
  caller: Caller,
  inside: Inside,
): Promise<string> {
  // asked anew: a container that starts may have given its home away since
  if (fstatSync(home.descriptor).uid === caller.uid) {
    writeByOurselves(home, text);
    return 'by this user';
  }
  await runInside(home, caller, inside, [writing, inside.containerHome, text]);
  return `in the container, as ${inside.owner}: the home is not this user's`;
}

/**
 * Removes the metadata, likewise.
 * @param inside asked for only where the home is not the caller's
 * @throws {Failure} 125 when it cannot be removed
 */
export async function removeMetadata(
  home: Home,
  caller: Caller,
  inside: () => Promise<Inside>,
): Promise<void> {
  if (home.ownerUid === caller.uid || caller.uid === 0) {
    try {
      return unlinkSync(pathIn(home, metadataName));
    } catch (error) {
      throw notChanged(home, errorCode(error));
    }
  }
  const way = await inside();
  await runInside(home, caller, way, [`rm -f "$1/${metadataName}"`, way.containerHome]);
}

function pathIn(home: Home, name: string): string {
  return `/proc/self/fd/${home.descriptor}/${name}`;
}

function writeByOurselves(home: Home, text: string): void {
  try {
    replaceFile(pathIn(home, metadataName), text, 0o644);
  } catch (error) {
    throw notChanged(home, errorCode(error));
  }
}

async function runInside(
  home: Home,
  caller: Caller,
  inside: Inside,
  [script = '', ...rest]: readonly string[],
): Promise<void> {
  const { via, containerId, owner: user } = inside;
  const asked = { containerId, user, script, name: 'hermes-enable', args: rest };
  const { ok, words: complaint } = await runScriptProbe(via, asked, caller.env);
  if (!ok) throw notChanged(home, complaint);
}

function notChanged(home: Home, why: string): Failure {
  const file = escapeControls(`${home.path}/${metadataName}`);
  return new Failure(exitCodes.cannotRoute, `${file} could not be changed (${escapeControls(why, 160)})`, [
    { label: 'look', text: `ls -ld ${hintWord(home.path)}` },
  ]);
}
