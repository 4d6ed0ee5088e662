import { lstatSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** So many links in one path are a circle: the kernel's own limit, path_resolution(7). */
const mostLinks = 40;

/** One of the names that a path has on the way to its end. */
export type Step = {
  /** normalized; up to this step's link all links are resolved, the rest stands as it was given */
  readonly path: string;
  /** the link that led here; `undefined` for the path as it was given */
  readonly link: string | undefined;
  /** that link was the path's last name, not a directory's */
  readonly last: boolean;
};

/**
 * Follows a path link by link to its end, which need not be there: as `realpath -m`, with every name on the way. A step
 * is only looked for when it is asked for. What this user may not see counts as no link.
 * @param path absolute
 */
export function* followLinks(path: string): Generator<Step, void> {
  yield { path: resolve(path), link: undefined, last: false };
  let at = '/';
  let rest = namesOf(path);
  for (let links = 0; rest.length > 0; ) {
    const [name = '', ...more] = rest;
    const here = join(at, name);
    rest = more;
    const target = name === '..' ? undefined : linkTarget(here);
    if (target === undefined) {
      at = here;
      continue;
    }
    links += 1;
    if (links > mostLinks) return;
    if (target.startsWith('/')) at = '/';
    rest = [...namesOf(target), ...more];
    yield { path: join(at, ...rest), link: here, last: more.length === 0 };
  }
}

/** Where a path leads in the end, be it there or not: `realpath -m`. */
export function canonicalPath(path: string): string {
  let end = path;
  for (const step of followLinks(path)) end = step.path;
  return end;
}

function namesOf(path: string): readonly string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function linkTarget(path: string): string | undefined {
  try {
    // most names are no links, and a readlink that fails costs a stack trace
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}
