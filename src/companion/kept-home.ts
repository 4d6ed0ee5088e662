import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isSystemDirectory } from '../managed/plan/directories.ts';
import { escapeControls } from '../report/escape.ts';
import { hintWord } from '../report/paste.ts';
import { errorCode } from '../system/error-code.ts';

/** Does a person have a home already that hermes can go on with, in the container? */
export type KeptHome =
  | { readonly kind: 'none' }
  /** `home`: a directory called .hermes, whose parent becomes the state directory */
  | { readonly kind: 'kept'; readonly home: string }
  /** a link that leads to one that cannot be: why, and what would change it */
  | { readonly kind: 'not-kept'; readonly says: string; readonly fix: string | undefined };

/**
 * Looks at ~/.hermes. A directory counts where something is in it, a link where it leads to a directory of the
 * caller's own.
 * @param uid the caller's
 */
export function findKeptHome(path: string, uid: number): KeptHome {
  try {
    if (!lstatSync(path).isSymbolicLink())
      return readdirSync(path).length > 0 ? { kind: 'kept', home: path } : { kind: 'none' };
    const home = realpathSync(path);
    if (!statSync(home).isDirectory()) return { kind: 'none' };
    return judgeLink(path, home, statSync(dirname(home)).uid, uid);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'none' };
    const says = `${escapeControls(path)} cannot be followed (${code}), so it is not kept`;
    return { kind: 'not-kept', says, fix: `namei -l ${hintWord(path)}` };
  }
}

/**
 * The home is `.hermes` in its state directory, which must be the caller's. Pure.
 * @param home where the link leads, really
 * @param parentUid whose the directory is that it lies in
 */
export function judgeLink(path: string, home: string, parentUid: number, uid: number): KeptHome {
  const parent = dirname(home);
  const not = (why: string, fix?: string): KeptHome => ({
    kind: 'not-kept',
    says: `${escapeControls(path)} leads to ${escapeControls(home)}, which is not kept: ${why}`,
    fix,
  });
  if (isSystemDirectory(parent)) return not(`${parent} is a directory of the system`);
  if (parentUid !== uid) return not(`${escapeControls(parent)} belongs to uid ${parentUid}`);
  if (basename(home) === '.hermes') return { kind: 'kept', home };
  const named = `${parent}/.hermes`;
  return not(
    'it is not called .hermes',
    `mv ${hintWord(home)} ${hintWord(named)} && ln -sfn ${hintWord(named)} ${hintWord(path)}   # then: stateDir: ${hintWord(parent)}`,
  );
}
