import { writeSync } from 'node:fs';

/** Writes to stderr at once. A closed or full stderr must not change what the shim does, so errors are dropped. */
export function writeError(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // nobody listens
  }
}
