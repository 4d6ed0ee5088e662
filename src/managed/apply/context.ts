import { realpathSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { EngineAccess } from '../../engine/access.ts';
import { quoteCommand } from '../../report/quote.ts';
import type { Caller } from '../../route/caller.ts';
import { isWithin } from '../../system/paths.ts';
import { chooseEngine } from '../engine/choose.ts';
import type { EngineTarget } from '../engine/commands.ts';
import { type DeclaredFile, defaultFile, readDeclaration } from '../file/read.ts';
import { toWanted, type Wanted, type Who } from '../file/wanted.ts';
import { ownPlace } from '../write/own-place.ts';
import { readRecord } from '../write/record.ts';

/** Where a subcommand stands: the file, what it asks for, by whom, with which engine. */
export type Context = {
  readonly read: DeclaredFile;
  readonly wanted: Wanted;
  readonly who: Who;
  readonly caller: Caller;
  readonly via: EngineAccess;
  readonly target: EngineTarget;
  /** where hermes-shim remembers what it made */
  readonly place: string;
  /** may root's pin be written? */
  readonly pin: boolean;
  /** is the systemd unit to be installed? */
  readonly install: boolean;
  /** what was typed, to be pasted again */
  readonly command: string;
};

/** What `up` is told on its command line about what it makes. */
export type Asked = { readonly pin?: boolean | undefined; readonly install?: boolean | undefined };

/** Who calls. A uid without a name is called by its number. */
export function whoCalls({ env, uid }: Pick<Caller, 'env' | 'uid'>): Who {
  const gid = process.getgid?.() ?? uid;
  let name = String(uid);
  let home = env.HOME ?? '/';
  try {
    const info = userInfo();
    name = info.username;
    home = env.HOME || homedir() || info.homedir;
  } catch {
    // no entry in passwd
  }
  return { uid, gid, name, home, dataHome: env.XDG_DATA_HOME, configHome: env.XDG_CONFIG_HOME };
}

/** The file that `--file` names, or the usual one. */
export function fileOf(caller: Pick<Caller, 'env' | 'uid'>, given: string | undefined): string {
  return given === undefined ? defaultFile(whoCalls(caller)) : resolve(given);
}

/**
 * Reads the file and finds the engine.
 * @param given `--file`
 * @param asked.pin `--pin` or `--no-pin`; by default as it was before
 * @param asked.install `--install`
 * @throws {Failure} 125
 */
export async function findContext(
  caller: Caller,
  given: string | undefined,
  asked: Asked = {},
): Promise<Context> {
  const { read, who, wanted, place } = readWanted(caller, given);
  const record = readRecord(place, wanted.stateDir);
  const via = await chooseEngine(wanted.backend, record.backend, caller.env);
  const command = `hermes-shim ${quoteCommand(process.argv.slice(3))}`;
  const about = { image: wanted.image, name: wanted.containerName, command };
  return {
    read,
    wanted,
    who,
    caller,
    via,
    place,
    pin: asked.pin ?? record.pin,
    install: asked.install ?? false,
    command,
    target: { via, env: caller.env, about },
  };
}

/**
 * Where hermes-shim remembers what it made for the file.
 * @throws {Failure} 125 for what is wrong with the file
 */
export function recordDirectory(caller: Caller, given: string | undefined): string {
  return readWanted(caller, given).place;
}

function readWanted(
  caller: Caller,
  given: string | undefined,
): Pick<Context, 'read' | 'who' | 'wanted' | 'place'> {
  const read = readDeclaration(fileOf(caller, given), given !== undefined);
  const who = whoCalls(caller);
  // engines record where a link leads; so do we, or nothing could be compared. The container cannot change it
  const wanted = atRealPath(toWanted(read, who));
  return { read, who, wanted, place: ownPlace(who, caller.env.XDG_STATE_HOME, wanted.stateDir) };
}

/**
 * A path with links resolved as far as it is there: it must not change its name when it is made. A link that leads
 * nowhere keeps its name, so that making the path fails; `canonicalPath` would follow it, and what it names would be made.
 */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === '/' ? path : join(realPathOf(dirname(path)), basename(path));
  }
}

/** The same with the state directory's real path. */
function atRealPath(wanted: Wanted): Wanted {
  const { stateDir } = wanted;
  const real = realPathOf(stateDir);
  if (real === stateDir) return wanted;
  const moved = (path: string): string =>
    isWithin(path, stateDir) ? real + path.slice(stateDir.length) : path;
  return {
    ...wanted,
    stateDir: real,
    home: moved(wanted.home),
    workingDirectory: moved(wanted.workingDirectory),
    documents: wanted.documents.map((document) => ({ ...document, path: moved(document.path) })),
  };
}
