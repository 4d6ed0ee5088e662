import { readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import type { Container } from '../../engine/container.ts';
import { toContainerPath } from '../../engine/mounts.ts';
import { isText, toPrintfFormat } from './bytes.ts';

/** The caller's directory, a real path. */
export type Directory = {
  /** the longest beginning that is text */
  readonly path: string;
  /** what follows it where a name further down is no UTF-8; else empty */
  readonly rest: Buffer;
};

/** Where hermes may start, best first; empty: nowhere. */
export type StartDirectories = {
  readonly first: string;
  readonly second: string;
  /** `first` is a printf format */
  readonly encoded: boolean;
};

/**
 * The directories in which hermes may start: the caller's own as the container sees it; the container's own; where
 * that says nothing, its workspace (`MESSAGING_CWD`, which newer versions of the NixOS module do not set, or where that
 * module has it, beside the home). The exec wrapper takes the first that it can enter.
 * @param current `undefined` when it was deleted
 * @param containerHome the home as the container sees it
 */
export function startDirectories(
  container: Container,
  current: Directory | undefined,
  realPath: (path: string) => string,
  containerHome?: string,
): StartDirectories {
  const mapped = current && toContainerPath(current.path, container, realPath);
  const ofModule = containerHome !== undefined && posix.basename(containerHome) === '.hermes';
  const prepared = ofModule ? posix.join(posix.dirname(containerHome), 'workspace') : undefined;
  const workspace = container.env.get('MESSAGING_CWD') ?? prepared;
  const own = container.workingDir !== '' && container.workingDir !== '/' ? container.workingDir : workspace;
  const second = own !== undefined && posix.isAbsolute(own) ? own : '';
  const encoded = mapped !== undefined && current !== undefined && current.rest.length > 0;
  const first = encoded ? toPrintfFormat(Buffer.concat([Buffer.from(mapped), current.rest])) : (mapped ?? '');
  return { first, second, encoded };
}

/** The current directory, or `undefined` when it was deleted. */
export function currentDirectory(): Directory | undefined {
  try {
    const path = process.cwd(); // the kernel's word: a real path
    if (!path.includes('\ufffd')) return { path, rest: Buffer.of() };
  } catch {
    return undefined;
  }
  return splitDirectory(readlinkSync('/proc/self/cwd', { encoding: 'buffer' }));
}

/** Splits a path before the first name that is no UTF-8. */
export function splitDirectory(raw: Buffer): Directory {
  let split = raw.length;
  while (!isText(raw.subarray(0, split))) split = raw.lastIndexOf('/', split - 1);
  return { path: raw.toString('utf8', 0, split) || '/', rest: raw.subarray(split) };
}
