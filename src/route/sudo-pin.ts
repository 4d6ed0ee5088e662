import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import { errorCode } from '../system/error-code.ts';
import { accountOf } from './account.ts';
import type { Caller } from './caller.ts';
import { type OwnPin, ownPinFile, pinInConfig, readOwnPin } from './own-pin.ts';

/**
 * `sudo hermes`, where the own pin is of whoever called sudo. Root does not follow it: it would have root enter any
 * container on a volume, as any user and with any program in there, for somebody who may be allowed `sudo hermes` and
 * nothing else. Nor may hermes run on the host instead. So it is an error, wherever root has said nothing of its own.
 */
type Sudo = Pick<Caller, 'env' | 'uid'>;

/**
 * The caller's own pin. Where sudo kept `HOME` or `XDG_CONFIG_HOME`, what seems to be root's may be theirs.
 * @throws {Failure} 125 when it is, or cannot be used
 */
export function rightfulOwnPin(sudo: Sudo, lookUp = accountOf): OwnPin | undefined {
  const file = sudo.uid === 0 && sudo.env.SUDO_USER ? ownPinFile(sudo.env) : undefined;
  const owner = file ? ownerOf(file)?.uid : undefined;
  if (file && owner && owner === personOf(sudo, lookUp)?.uid) throw notRoots(file, sudo);
  return readOwnPin(sudo.env, sudo.uid);
}

/**
 * Their pin where it is by default: their `XDG_CONFIG_HOME` is not known here. A home that is named on purpose wins over it.
 * @throws {Failure} 125 when there is one, whatever it is, or root cannot tell
 */
export function refuseSudoPin(sudo: Sudo, lookUp = accountOf): void {
  const person = sudo.env.HERMES_HOME ? undefined : personOf(sudo, lookUp);
  const file = person && join(person.directory, '.config', pinInConfig);
  if (file && ownerOf(file)) throw notRoots(file, sudo);
}

/** Who called sudo, unless that was root. */
function personOf({ env, uid }: Sudo, lookUp: typeof accountOf): ReturnType<typeof accountOf> {
  const person = uid === 0 && env.SUDO_USER ? lookUp(env.SUDO_USER) : undefined;
  return person?.uid === 0 ? undefined : person;
}

/** Whose a file is; `uid` is missing where one may be there that root is not shown. */
function ownerOf(file: string): { readonly uid?: number } | undefined {
  try {
    return lstatSync(file);
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? undefined : {};
  }
}

function notRoots(file: string, { env }: Sudo): Failure {
  const user = escapeControls(env.SUDO_USER ?? '');
  const sentence = `${user} has hermes in a container by ${escapeControls(file)}, which root does not follow: ${user} can write it`;
  return new Failure(exitCodes.cannotRoute, sentence, [
    { label: `as ${user}`, text: 'hermes …   # without sudo' },
    { label: 'for root, too', text: 'sudo hermes-shim enable --container NAME' },
    { label: 'run hermes on this host instead', text: 'sudo HERMES_DEV=1 hermes …' },
  ]);
}
