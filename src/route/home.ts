import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure, type Hint, lackOf, runOnHost } from '../report/failure.ts';
import { quoteWord } from '../report/quote.ts';
import type { Environment } from '../system/environment.ts';
import { errorCode } from '../system/error-code.ts';
import { lowestSubordinate } from '../system/subordinate-ids.ts';
import { accountOf } from './account.ts';
import { canonicalPath } from './links.ts';

/** A hermes home, opened once: whatever is read of it goes through this descriptor, so it cannot be swapped under us. */
export type Home = {
  readonly descriptor: number;
  /** the real path, as the descriptor has it */
  readonly path: string;
  readonly ownerUid: number;
};

/** Where a home may be; `profile` is the part below the root when the path names one (`<root>/profiles/<name>`). */
export type HomePath = { readonly path: string; readonly root: string; readonly profile: string | undefined };

/** O_PATH, open(2): needs no permission on the directory itself. The number is the same on x86-64 and arm64. */
const O_PATH = 0o10000000;

/**
 * Splits `<root>/profiles/<name>` from a plain home. Relative paths count from the current directory, and `..` leads
 * where the kernel goes: behind a link not to where the link lies.
 */
export function toHomePath(given: string): HomePath {
  const absolute = absolutePath(given);
  const path = goesUp.test(given) ? canonicalPath(absolute) : resolve(absolute);
  const parent = dirname(path);
  if (basename(parent) !== 'profiles') return { path, root: path, profile: undefined };
  return { path, root: dirname(parent), profile: basename(path) };
}

const goesUp = /(^|\/)\.\.(\/|$)/;

/**
 * A home's path from the root on, not normalized.
 * @throws {Failure} 125 for a relative one in a current directory that is gone
 */
export function absolutePath(given: string): string {
  if (isAbsolute(given)) return given;
  try {
    return `${process.cwd()}/${given}`;
  } catch {
    const shown = escapeControls(given, 200);
    throw new Failure(
      exitCodes.cannotRoute,
      `HERMES_HOME is '${shown}', and the current directory, from which that counts, is gone`,
      [{ label: 'go to one that is there', text: 'cd' }, runOnHost],
    );
  }
}

/**
 * Opens a home.
 * @returns `undefined` when there is no such directory
 * @throws {Failure} 125 when it cannot be reached, with the NixOS option that lets this user in
 */
export function openHome(path: string): Home | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(path, code);
  }
  try {
    const { uid } = fstatSync(descriptor);
    return { descriptor, path: readlinkSync(`/proc/self/fd/${descriptor}`), ownerUid: uid };
  } catch (error) {
    closeSync(descriptor);
    throw errorCode(error) === 'ENOENT' ? withoutProc() : unreadable(path, errorCode(error));
  }
}

function withoutProc(): Failure {
  return new Failure(exitCodes.cannotRoute, '/proc is not there, so it cannot be told which home is meant', [
    { label: 'mount it', text: 'mount -t proc proc /proc   # as root, in the chroot' },
    runOnHost,
  ]);
}

/** Opens a home of which this user may see nothing. */
export function openIfVisible(path: string): Home | undefined {
  try {
    return openHome(path);
  } catch {
    return undefined;
  }
}

/** Lets go of a home. */
export function closeHome(home: Home): void {
  closeSync(home.descriptor);
}

/** From here on users are people, the image's hermes, or subordinate ids of a rootless podman (login.defs(5)). */
const lowestPerson = 1000;

/** The official image's hermes closes its home to everybody else (0700) unless it is told otherwise. */
function openingImage(owner: number | undefined): readonly Hint[] {
  if (owner === undefined || owner < lowestPerson) return [];
  const mode = { label: 'make its container again, open to pass through', text: '-e HERMES_HOME_MODE=0711' };
  if (owner >= lowestSubordinate) return [mode];
  const numbers =
    '-e HERMES_UID=$(id -u) -e HERMES_GID=$(id -g)   # compose: without -e, before docker compose up -d';
  return [
    { label: 'make its container again, with your numbers', text: numbers },
    { ...mode, label: 'or open to pass through' },
  ];
}

/**
 * The failure for a home or a metadata file that this user may not read.
 * @param owner the home's, where it is known
 */
export function unreadable(path: string, code: string, owner?: number): Failure {
  const file = escapeControls(path);
  if (code === 'EACCES' || code === 'EPERM') {
    const whose = owner === undefined ? '' : `: the home belongs to uid ${owner}`;
    return new Failure(exitCodes.cannotRoute, `${file} cannot be read by this user (${code})${whose}`, [
      ...openingImage(owner),
      {
        label: 'let the user in',
        text: 'services.hermes-agent.container.hostUsers = [ "<user>" ]; sudo nixos-rebuild switch',
      },
      { label: 'then', text: 'log out and in again (group membership takes effect at login)' },
      runOnHost,
    ]);
  }
  return (
    lackOf(code, exitCodes.cannotRoute, `${file} cannot be read`) ??
    new Failure(exitCodes.cannotRoute, `${file} cannot be read (${code})`, [
      { label: 'look', text: `ls -ld ${quoteWord(file)}` },
      runOnHost,
    ])
  );
}

/**
 * The user's own home, in the order of the contract: `HERMES_HOME`; `~/.hermes` if it exists; under sudo that of
 * `SUDO_USER`. NixOS's `HERMES_HOME` reaches login shells only, so the pin's comes last, by the caller of this.
 * @param uid root alone asks for `SUDO_USER`'s home
 * @returns `theirs`: it is `SUDO_USER`'s
 */
export function findHome(
  env: Environment,
  uid: number,
): { at: HomePath; home: Home | undefined; theirs: boolean } | undefined {
  const named = env.HERMES_HOME;
  if (named) {
    const at = toHomePath(named);
    return { at, home: openHome(at.path), theirs: false };
  }
  const sudoUser = uid === 0 ? env.SUDO_USER : undefined;
  for (const directory of [ownDirectory, () => (sudoUser ? accountOf(sudoUser)?.directory : undefined)]) {
    const found = directory();
    const at = !found?.startsWith('/') ? undefined : toHomePath(join(found, '.hermes'));
    const home = at && openHome(at.path);
    if (at && home) return { at, home, theirs: directory !== ownDirectory };
  }
  return undefined;
}

/** The user's own directory (`HOME`, else by passwd), where there is one. */
export function ownDirectory(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined; // no HOME and no such user: a container with an arbitrary uid
  }
}
