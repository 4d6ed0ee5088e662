import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure, runOnHost } from '../report/failure.ts';
import { hintWord } from '../report/paste.ts';
import { quoteWord } from '../report/quote.ts';
import type { Environment } from '../system/environment.ts';
import { errorCode } from '../system/error-code.ts';
import { ownDirectory } from './home.ts';
import { type Metadata, parseMetadata } from './metadata.ts';
import { readSmallFile } from './read.ts';

/** A home that lies on a volume of the engine's, so that no directory of the host can say where hermes runs. */
export type HomeVolume = {
  readonly name: string;
  /** the home in the container: what that declares as its `HERMES_HOME` */
  readonly home: string;
};

/** The pin of one user, in their own configuration: metadata for a home on a volume. */
export type OwnPin = { readonly metadata: Metadata; readonly volume: HomeVolume; readonly file: string };

/** Where it is in a user's configuration. */
export const pinInConfig = 'hermes-shim/container-mode';

/** Where a user's own pin is; a relative `XDG_CONFIG_HOME` counts as none (XDG base directory specification). */
export function ownPinFile(env: Environment): string | undefined {
  const given = env.XDG_CONFIG_HOME;
  const own = ownDirectory();
  const directory = given?.startsWith('/') ? given : own?.startsWith('/') ? join(own, '.config') : undefined;
  return directory && join(directory, pinInConfig);
}

/**
 * Reads the user's own pin through its directory's descriptor. It counts only where nobody but the user can have
 * written it: a regular file of theirs with no rights for others, in a directory of theirs that others cannot write.
 * @param uid whose it must be: the caller's
 * @returns `undefined` when there is none
 * @throws {Failure} 125 when it is anything else, or invalid: never a silent fallback to the host
 */
export function readOwnPin(env: Environment, uid: number): OwnPin | undefined {
  const file = ownPinFile(env);
  const text = file && readOwnText(file, uid);
  return file && text !== undefined ? toOwnPin(text, file) : undefined;
}

/** The text of a user's own pin, judged but not parsed. */
export function readOwnText(file: string, uid: number): string | undefined {
  const directory = dirname(file);
  let descriptor: number;
  try {
    descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP' || code === 'ENOTDIR') {
      // a link for other files of the configuration, or a HOME that is no directory (/dev/null)
      if (!isThere(file)) return undefined;
      throw refused(directory, 'is a link', file);
    }
    throw refused(directory, `cannot be read (${code})`, file);
  }
  try {
    const stat = fstatSync(descriptor);
    const path = `/proc/self/fd/${descriptor}/container-mode`;
    const judge = (own: Stats): void => {
      if (own.uid !== uid) throw refused(file, `belongs to uid ${own.uid}, not to this user`, file);
      if ((own.mode & 0o077) !== 0) throw refused(file, 'can be read or written by others', file);
    };
    const denied = (code: string): Failure => refused(file, `cannot be read (${code})`, file);
    const found = readSmallFile(path, file, judge, denied);
    if (found === undefined) return undefined;
    if (stat.uid !== uid) throw refused(directory, `belongs to uid ${stat.uid}, not to this user`, file);
    if ((stat.mode & 0o022) !== 0) throw writable(directory);
    return found.text;
  } finally {
    closeSync(descriptor);
  }
}

/** Is something there, or may be, for all that can be seen? */
function isThere(file: string): boolean {
  try {
    lstatSync(file);
    return true;
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes(errorCode(error));
  }
}

/** @throws {Failure} 125 when a key that it needs is not there, or a value cannot be used */
export function toOwnPin(text: string, file: string): OwnPin {
  const metadata = parseMetadata(text, file, 'own');
  const { backend, hermesHome, volume } = metadata;
  for (const [key, value] of Object.entries({ backend, hermes_home: hermesHome, volume }))
    if (value === undefined) throw refused(file, `has no ${key}=, so it speaks for no home`, file);
  return { metadata, file, volume: { name: volume ?? '', home: hermesHome ?? '' } };
}

/** The file in it may be right; to write it anew would change nothing. */
function writable(directory: string): Failure {
  return new Failure(exitCodes.cannotRoute, `${escapeControls(directory)} can be written by others`, [
    { label: 'close it', text: `chmod go-w ${hintWord(directory)}` },
    { label: 'look', text: `ls -ld ${hintWord(directory)}` },
    runOnHost,
  ]);
}

function refused(path: string, fault: string, file: string): Failure {
  const shown = quoteWord(escapeControls(file));
  return new Failure(exitCodes.cannotRoute, `${escapeControls(path)} ${fault}`, [
    { label: 'look', text: `ls -ld ${quoteWord(escapeControls(dirname(file)))} ${shown}` },
    { label: 'write it anew', text: `rm ${shown}; hermes-shim enable` },
    runOnHost,
  ]);
}
