import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import { errorCode } from '../system/error-code.ts';
import { type Home, unreadable } from './home.ts';
import { repair } from './metadata.ts';

/** The metadata's name in a home. */
export const metadataName = '.container-mode';

/** Longest metadata that is read, in bytes. The real one has 200. */
const sizeLimit = 64 * 1024;

/** What lies at `<home>/.container-mode`. */
export type MetadataFile = {
  readonly file: string;
  readonly text: string;
  /** last change in milliseconds since the epoch */
  readonly changedMs: number;
};

/**
 * Reads the metadata through the home's descriptor. Never waits and never follows a link: a FIFO would hang us, a
 * link to /dev/stdin would eat the caller's input, a terminal could become ours.
 * @returns `undefined` when there is no such file
 * @throws {Failure} 125 when it cannot be read or is no regular file of 64 KiB at most
 */
export function readMetadataFile(home: Home): MetadataFile | undefined {
  const file = `${home.path}/${metadataName}`;
  const denied = (code: string): Failure => unreadable(file, code, home.ownerUid);
  return readSmallFile(`/proc/self/fd/${home.descriptor}/${metadataName}`, file, undefined, denied);
}

/**
 * Reads a file by one opening of it.
 * @param path how to reach it
 * @param file what to call it
 * @param judge throws where the file, by its fstat, is none to believe
 * @param denied the failure where it may not be read
 */
export function readSmallFile(
  path: string,
  file: string,
  judge: (stat: Stats) => void = () => undefined,
  denied: (code: string) => Failure = (code) => unreadable(file, code),
): MetadataFile | undefined {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  let descriptor: number;
  try {
    descriptor = openSync(path, flags);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw unusable(file, 'is a symbolic link, which is not followed');
    if (code === 'ENXIO') throw unusable(file, 'is not a regular file');
    throw denied(code);
  }
  try {
    const stat = fstatSync(descriptor);
    if (stat.isDirectory()) throw unusable(file, 'is a directory');
    if (!stat.isFile()) throw unusable(file, 'is not a regular file');
    judge(stat);
    const buffer = Buffer.alloc(Math.min(stat.size, sizeLimit) + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < buffer.length; length += count) {
      count = readSync(descriptor, buffer, length, buffer.length - length, null);
    }
    if (length > sizeLimit) throw unusable(file, 'is larger than 64 KiB');
    return { file, text: buffer.toString('utf8', 0, length), changedMs: stat.mtimeMs };
  } finally {
    closeSync(descriptor);
  }
}

function unusable(file: string, fault: string): Failure {
  return new Failure(exitCodes.cannotRoute, `${escapeControls(file)} ${fault}`, repair(file));
}
