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
  const literally = new Set([pin.home]);
  const names: string[] = [];
  for (const step of followLinks(path)) {
    const pinned = oneOf(literally, step.path);
    if (pinned) return pinned;
    names.push(step.path);
  }
  // only where the pin's own path has links in it, or the home is another: not on the way of an ordinary call
  const places = placesOf(pin.home);
  return names.map((name) => oneOf(places, name)).find((pinned) => pinned !== undefined);
}

function oneOf(places: ReadonlySet<string>, name: string): Pinned | undefined {
  if (places.has(name)) return itself;
  const { root, profile } = toHomePath(name);
  return profile !== undefined && places.has(root) ? { profile } : undefined;
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
