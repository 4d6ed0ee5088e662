import { lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { toHomePath } from './home.ts';
import { followLinks } from './links.ts';
import { isTrustworthy, type Pin } from './pin.ts';

/** The pin's home, named by a path: itself, or a profile of it. */
export type Pinned = { readonly profile: string | undefined };

export const itself: Pinned = { profile: undefined };

/**
 * Does a path name the pin's home? The container can remove the home, or make it anything else, at any moment. So what
 * counts is whether the way there passes the place where the home belongs, not what lies at that place just now.
 * @param path absolute, as it was given
 */
export function pinnedBy(pin: Pick<Pin, 'home'>, path: string): Pinned | undefined {
  let places: ReadonlySet<string> | undefined;
  for (const step of followLinks(path)) {
    if (step.path === pin.home) return itself;
    places ??= placesOf(pin.home);
    if (places.has(step.path)) return itself;
    const { root, profile } = toHomePath(step.path);
    if (profile !== undefined && places.has(root)) return { profile };
  }
  return undefined;
}

/** The place where the pin's home belongs, by each of its names; the last is the one without links above it. */
export function placesOf(home: string): ReadonlySet<string> {
  const places = new Set([home]);
  for (const { path, link, last } of followLinks(home)) {
    // a home that is a link: if the container made it one, it must not make somebody else's home the pin's
    if (last && link !== undefined && !isRoots(link)) break;
    places.add(path);
  }
  return places;
}

/** Could nobody but root have made this link? */
function isRoots(link: string): boolean {
  try {
    return lstatSync(link).uid === 0 && isTrustworthy(statSync(dirname(link)));
  } catch {
    return false;
  }
}
