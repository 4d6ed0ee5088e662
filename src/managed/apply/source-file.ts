import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { exchangeableAt } from '../../route/pin.ts';

/** Largest file that is read, in bytes. */
const sizeLimit = 64 * 1024 * 1024;

/** A file that hermes-shim.yaml names, read; or why it was not, as the end of a sentence. */
export type SourceFile =
  | { readonly kind: 'read'; readonly content: Buffer; readonly mode: number }
  | { readonly kind: 'unfit'; readonly says: string }
  /** root would read whatever somebody else puts there; `by`: at which file or directory they could */
  | { readonly kind: 'exchangeable'; readonly by: string };

/**
 * Reads a regular file through one descriptor; never waits, as for a pipe. Root reads only what nobody but root can
 * exchange, be it by a link on the way, and what belongs to hermes's user anyway: else whoever can write the place could
 * have any file of the host copied for hermes.
 * @param reader who reads, and for whom: `owner` is the uid that hermes gets, where it is known
 * @throws a system error
 */
export function readSourceFile(
  path: string,
  { asRoot, owner }: { asRoot: boolean; owner: number | undefined },
): SourceFile {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return { kind: 'unfit', says: 'is no regular file' };
    if (stat.size > sizeLimit) return { kind: 'unfit', says: 'is larger than 64 MiB' };
    if (asRoot && stat.uid !== owner) {
      const by = exchangeableAt(path, stat) ?? (isSame(path, stat) ? undefined : path);
      if (by !== undefined) return { kind: 'exchangeable', by };
    }
    return { kind: 'read', content: readFileSync(descriptor), mode: stat.mode };
  } finally {
    closeSync(descriptor);
  }
}

/** What was judged must be what is open. */
function isSame(path: string, { dev, ino }: { dev: number; ino: number }): boolean {
  const now = statSync(path);
  return now.dev === dev && now.ino === ino;
}

/**
 * The first bytes of a regular file; empty for anything else. Never waits.
 * @throws a system error
 */
export function headOfProgram(path: string, size = 256): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!fstatSync(descriptor).isFile()) return '';
    const buffer = Buffer.alloc(size);
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, size, 0));
  } finally {
    closeSync(descriptor);
  }
}
