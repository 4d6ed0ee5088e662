import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { exitCodes, Failure } from '../report/failure.ts';
import { hintWord } from '../report/paste.ts';
import { errorCode } from '../system/error-code.ts';
import { unreadable } from './home.ts';
import { followLinks } from './links.ts';
import { type Metadata, parseMetadata } from './metadata.ts';

/** Where the Nix module and `hermes-shim up` write the pin. Not configurable: an environment that could move it could undo it. */
export const pinFile = '/etc/hermes-shim/container-mode';

/** Metadata that the container cannot change, and the home it speaks for. */
export type Pin = { readonly metadata: Metadata; readonly home: string; readonly file: string };

type Ownership = { readonly uid: number; readonly mode: number };

/** A pin counts only if root owns it and nobody else can write it. */
export function isTrustworthy({ uid, mode }: Ownership): boolean {
  return uid === 0 && (mode & 0o022) === 0;
}

const sticky = 0o1000;

type Judged = readonly [path: string, ownership: Ownership];

/** Where a pin is a link: the links on its way, and the directories in which they and their end could be exchanged. */
function* waysTo(file: string): Generator<Judged> {
  let end = file;
  for (const { path, link } of followLinks(file)) {
    end = path;
    if (link === undefined) continue;
    yield [link, { uid: lstatSync(link).uid, mode: 0 }]; // a link's mode says nothing
    yield* directoriesAbove(link);
  }
  if (end !== file) yield* directoriesAbove(end);
}

function* directoriesAbove(path: string): Generator<Judged> {
  for (let last = path, directory = dirname(path); directory !== last; directory = dirname(directory)) {
    const { uid, mode } = statSync(directory);
    // in a sticky one (NixOS's store) nobody can take away what is root's
    yield [directory, { uid, mode: mode & sticky ? 0 : mode }];
    last = directory;
  }
}

/**
 * Where somebody other than root could exchange a file, or change it: at itself, a link on its way, or a directory above.
 * @param file absolute, without `..`
 * @param own its owner and mode, as it was opened
 * @returns `undefined`: nowhere
 */
export function exchangeableAt(file: string, own: Ownership): string | undefined {
  let at = file;
  try {
    for (const [path, ownership] of [[file, own] as const, ...directoriesAbove(file), ...waysTo(file)]) {
      at = path;
      if (!isTrustworthy(ownership)) return path;
    }
    return undefined;
  } catch {
    // it was exchanged at this very moment
    return at;
  }
}

/**
 * Reads the pin. NixOS links /etc files into the store, so links are followed and the file behind them is judged,
 * and so are the directory that holds the name and all through which links lead.
 * @returns `undefined` when there is none
 * @throws {Failure} 125 when it can be written by others, cannot be read, or is invalid
 */
export function readPin(file = pinFile): Pin | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(file, code);
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile())
      throw new Failure(exitCodes.cannotRoute, `${file} is not a regular file`, [remedy(file)]);
    const whole: Judged[] = [[file, stat], [dirname(file), statSync(dirname(file))], ...waysTo(file)];
    for (const [path, ownership] of whole) {
      if (!isTrustworthy(ownership)) {
        const sentence = `${path} can be written by someone other than root, so it proves nothing`;
        throw new Failure(exitCodes.cannotRoute, sentence, [
          {
            label: 'repair it',
            text: `sudo chown -h root:root ${hintWord(path)} && sudo chmod go-w ${hintWord(path)}`,
          },
          { label: 'or without a pin', text: `sudo rm ${file}` },
        ]);
      }
    }
    const metadata = parseMetadata(readFileSync(descriptor, 'utf8'), file, 'pin');
    if (metadata.hermesHome === undefined) {
      throw new Failure(exitCodes.cannotRoute, `${file} has no hermes_home=, so it speaks for no home`, [
        remedy(file),
      ]);
    }
    return { metadata, home: metadata.hermesHome, file };
  } finally {
    closeSync(descriptor);
  }
}

function remedy(file: string): Failure['hints'][number] {
  return {
    label: 'on NixOS, write it anew',
    text: `sudo nixos-rebuild switch (or remove it: sudo rm ${file})`,
  };
}
