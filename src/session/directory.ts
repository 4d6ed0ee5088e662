import { posix } from 'node:path';
import type { Container } from '../engine/container.ts';
import { toContainerPath } from '../engine/mounts.ts';

/**
 * The directories in which hermes may start, best first: the caller's own as the container sees it; the
 * container's own; where that says nothing, its workspace. The doorman takes the first that it can enter.
 * @param current the caller's directory, a real path; `undefined` when it was deleted
 */
export function startDirectories(
  container: Container,
  current: string | undefined,
  realPath: (path: string) => string,
): readonly string[] {
  const mapped = current === undefined ? undefined : toContainerPath(current, container, realPath);
  const workspace = container.env.get('MESSAGING_CWD');
  const own = container.workingDir !== '' && container.workingDir !== '/' ? container.workingDir : workspace;
  const candidates = [mapped, own].filter((path) => path !== undefined && posix.isAbsolute(path)) as string[];
  return [...new Set(candidates)];
}

/** The current directory, or `undefined` when it was deleted. */
export function currentDirectory(): string | undefined {
  try {
    return process.cwd(); // the kernel's word: a real path
  } catch {
    return undefined;
  }
}
