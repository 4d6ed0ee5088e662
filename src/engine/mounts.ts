import { posix } from 'node:path';
import { isWithin } from '../system/paths.ts';
import type { Bind, Container, Volume } from './container.ts';

function carry(path: string, from: string, to: string): string {
  return posix.join(to, path.slice(from === '/' ? 0 : from.length));
}

/** The innermost mount that holds a path of the container. */
function coveringMount({ destinations }: Container, path: string): string | undefined {
  return destinations.filter((destination) => isWithin(path, destination)).sort(byLength)[0];
}

type RealPath = (path: string) => string;

/**
 * Carries a path of the container back to the host, through the bind mount that shows it.
 * @param realPath resolves a host path; engines record a mounted symlink unresolved
 * @returns the host's path, or `undefined` when no bind shows it or something else is mounted over it
 */
export function toHost(
  path: string,
  container: Container,
  realPath: RealPath,
): { path: string; bind: Bind } | undefined {
  const normal = posix.normalize(path);
  const covering = coveringMount(container, normal);
  const bind = container.binds.find(({ destination }) => destination === covering);
  return bind && { path: realPath(carry(normal, bind.destination, bind.source)), bind };
}

/** The volume that shows a path of the container, where nothing else is mounted over it. */
export function volumeAt(container: Container, path: string): Volume | undefined {
  const covering = coveringMount(container, posix.normalize(path));
  return container.volumes.find(({ destination }) => destination === covering);
}

/**
 * Finds a host directory in the container: the longest bind source above it wins.
 * @param directory a real path of the host
 * @returns the container's path, or `undefined` when no bind holds it or another mount covers the result
 */
export function toContainerPath(
  directory: string,
  container: Container,
  realPath: RealPath,
): string | undefined {
  const holding = container.binds
    .map((bind) => ({ source: realPath(bind.source), destination: bind.destination }))
    .filter(({ source }) => isWithin(directory, source))
    .sort((a, b) => byLength(a.source, b.source));
  const longest = holding[0]?.source;
  for (const { source, destination } of holding) {
    if (source !== longest) break; // a longer source is the nearer truth; what it hides is not shown elsewhere
    const result = carry(directory, source, destination);
    const covered = container.destinations.some(
      (other) => other.length > destination.length && isWithin(result, other),
    );
    if (!covered) return result;
  }
  return undefined;
}

function byLength(a: string, b: string): number {
  return b.length - a.length;
}
