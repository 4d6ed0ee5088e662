import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Who } from '../file/wanted.ts';

/**
 * Where hermes-shim remembers what it made for a state directory: out of the container's reach, unlike the state
 * directory itself. Root: /var/lib/hermes-shim; a user: `$XDG_STATE_HOME/hermes-shim`.
 */
export function ownPlace(who: Who, stateHome: string | undefined, stateDir: string): string {
  const base =
    who.uid === 0
      ? '/var/lib/hermes-shim'
      : join(stateHome?.startsWith('/') ? stateHome : join(who.home, '.local/state'), 'hermes-shim');
  const id = createHash('sha256').update(stateDir).digest('hex').slice(0, 16);
  return join(base, id);
}

/** Makes it, for its owner alone. */
export function makeOwnPlace(place: string): void {
  mkdirSync(place, { recursive: true, mode: 0o700 });
}
