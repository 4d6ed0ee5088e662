import { dirname } from 'node:path';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { hintWord } from '../../report/paste.ts';
import { errorCode } from '../../system/error-code.ts';
import { isWithin } from '../../system/paths.ts';
import { type Dir, inDirectory, type Ownership, withRoot } from '../write/dir.ts';

/** How a path is reached: from which directory on nothing is trusted, and the names from there. */
export function splitPath(path: string, stateDir: string): { root: string; names: readonly string[] } {
  const root = isWithin(path, stateDir) ? stateDir : '/';
  return { root, names: path.slice(root.length).split('/').filter(Boolean) };
}

/**
 * Opens the directory of a path and hands it on with the last name. Below the state directory, and on the way to a
 * directory outside of it that the container may have as a volume, no link is followed.
 * @param make directories on the way that are missing are made so
 * @throws {Failure} 125 in words
 */
export function atPlace<T>(
  path: string,
  stateDir: string,
  use: (dir: Dir, name: string) => T,
  make?: Ownership,
): T {
  const { root, names } = splitPath(path, stateDir);
  const name = names.at(-1);
  if (name === undefined) throw new Error(`no name in ${path}`);
  return withFileFailure(path, () =>
    withRoot(root, (dir) => inDirectory(dir, names.slice(0, -1), (inner) => use(inner, name), make)),
  );
}

/** Does something with files, and says in words what goes wrong. */
export function withFileFailure<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileFailure(path, error);
  }
}

/** A system error with a file, for people. */
function fileFailure(path: string, error: unknown): unknown {
  if (error instanceof Failure) return error;
  const code = errorCode(error);
  const shown = escapeControls(path, 300);
  // the container may have chosen the name, and what stands here is pasted
  const word = hintWord(path);
  const failure = (sentence: string, label: string, text: string): Failure =>
    new Failure(exitCodes.cannotRoute, sentence, [{ label, text }]);
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return failure(
        `no space is left for ${shown}; nothing of it was changed`,
        'where',
        `df -h ${hintWord(dirname(path))}`,
      );
    case 'ELOOP':
    case 'ENOTDIR':
      return failure(
        `on the way to ${shown} is a link or a file where a directory should be; links are not followed, since the container could place them`,
        'look',
        `namei -l ${word}`,
      );
    case 'EACCES':
    case 'EPERM':
      return failure(`${shown} cannot be changed by this user (${code})`, 'look', `namei -l ${word}`);
    case 'EROFS':
      return failure(`${shown} lies on a file system that is read-only`, 'look', `findmnt -T ${word}`);
    case 'EISDIR':
    case 'ENOTEMPTY':
    case 'EEXIST':
      return failure(
        `${shown} is a directory where a file should be`,
        'put it aside',
        `mv ${word} ${hintWord(`${path}.old`)}`,
      );
    case 'EFBIG':
      return failure(`${shown} is larger than 64 MiB`, 'look', `ls -l ${word}`);
    default:
      return code === 'unknown'
        ? error
        : failure(`${shown} could not be written (${code})`, 'look', `ls -ld ${word}`);
  }
}
