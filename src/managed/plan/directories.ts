import { exitCodes, Failure, type Hint } from '../../report/failure.ts';
import { hintWord } from '../../report/paste.ts';
import { isWithin } from '../../system/paths.ts';
import type { Found } from '../apply/survey.ts';
import type { Wanted } from '../file/wanted.ts';
import type { Facts } from './facts.ts';
import type { Step } from './steps.ts';

/** Directories of the system's own, which whole hosts rely on: no hermes gets one, though it be empty. */
const systemDirectories =
  /^\/((etc|opt|srv|tmp|home|root|run|boot|dev|proc|sys|bin|sbin|lib\w*|mnt|media)|usr(\/local)?|var(\/(lib|log|cache|tmp|opt|spool|local|mail|run|lock))?|nix(\/(store|var))?)?$/;

/** Is this a directory of the system's own? Pure. */
export function isSystemDirectory(path: string): boolean {
  return systemDirectories.test(path);
}

/**
 * Directories that are missing, and those of root's that become hermes's: empty ones, and whatever lies in a state
 * directory that is ours. What belongs to its owner already stays as a person has opened or closed it. Pure.
 * @throws {Failure} 125 for one that is somebody else's, the system's, or no directory
 */
export function planDirectories(wanted: Wanted, facts: Facts): readonly Step[] {
  const owner = facts.owner ?? { uid: -1, gid: -1 };
  const ours = isOurs(wanted, facts);
  return facts.layout.directories.flatMap(({ path, mode }): Step[] => {
    const now = facts.found.get(path) ?? { kind: 'nothing' };
    if (isSystemDirectory(path)) throw systems(wanted, path);
    const there = now.kind !== 'nothing';
    const give: Step[] = [{ kind: 'directory', path, ownership: { ...owner, mode }, there }];
    if (!there) return give;
    if (now.kind !== 'directory') throw notDirectory(path, now.kind);
    if (facts.owner !== undefined && now.uid === owner.uid) return [];
    if (wanted.asRoot && now.uid === 0) {
      const below = ours && isWithin(path, wanted.stateDir);
      if (!below && !now.empty) throw inUse(wanted, facts, path);
      // the user is made first, and then all of this is planned anew
      return facts.owner === undefined ? [] : give;
    }
    if (facts.owner === undefined) return [];
    throw somebodyElses(path, now.uid, owner);
  });
}

/** Is the state directory hermes's: by its owner, or because it was made by an `up` before? */
function isOurs({ stateDir }: Wanted, { owner, found, record }: Facts): boolean {
  const now: Found | undefined = found.get(stateDir);
  return record.backend !== undefined || (now?.kind === 'directory' && now.uid === owner?.uid);
}

const keyOf = ({ stateDir }: Wanted, path: string): string =>
  isWithin(path, stateDir) ? 'stateDir' : 'workingDirectory';

/** To be typed into the file. */
function another(key: string): Hint {
  const example = key === 'stateDir' ? '/srv/hermes' : '/srv/hermes/workspace';
  return { label: 'a directory of its own', text: `${key}: ${example}   # in hermes-shim.yaml` };
}

function systems(wanted: Wanted, path: string): Failure {
  const key = keyOf(wanted, path);
  const sentence = `${key}: ${path} is a directory of the system, which is not given to hermes`;
  return new Failure(exitCodes.cannotRoute, sentence, [another(key)]);
}

function inUse(wanted: Wanted, { owner }: Facts, path: string): Failure {
  const key = keyOf(wanted, path);
  return new Failure(
    exitCodes.cannotRoute,
    `${key}: ${path} is root's and not empty, so it is not given to hermes unasked`,
    [
      another(key),
      ...(owner
        ? [{ label: 'if it shall be', text: `sudo chown ${owner.uid}:${owner.gid} ${hintWord(path)}` }]
        : []),
    ],
  );
}

function somebodyElses(path: string, uid: number, owner: { uid: number; gid: number }): Failure {
  return new Failure(
    exitCodes.cannotRoute,
    `${path} belongs to uid ${uid}, not to uid ${owner.uid}, whose hermes it shall be`,
    [
      { label: 'if it shall', text: `sudo chown -R ${owner.uid}:${owner.gid} ${hintWord(path)}` },
      { label: 'else', text: 'stateDir: …   # another one, in hermes-shim.yaml' },
    ],
  );
}

function notDirectory(path: string, kind: string): Failure {
  return new Failure(
    exitCodes.cannotRoute,
    `${path} is a ${kind} where a directory should be; it is not followed`,
    [{ label: 'look', text: `ls -ld ${hintWord(path)}` }],
  );
}
