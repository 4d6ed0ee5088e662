import { closeSync, constants, openSync, readSync } from 'node:fs';
import { pinFile } from '../route/pin.ts';

/** What the first line of metadata begins with that `hermes-shim up` writes, in the home and as a pin. */
export const upMarker = '# Written by hermes-shim up;';

/** So much of a file is looked at, in bytes. */
const headSize = 4096;

/**
 * The beginning of metadata or a pin: never waits, and follows no link, since the container may write the file. Root's pin
 * alone may be one (NixOS links /etc into the store), and `readPin` has judged where it leads. Empty where there is nothing
 * to read.
 * @param pin where root's is
 */
export function headOf(file: string, pin = pinFile): string {
  const links = file === pin ? 0 : constants.O_NOFOLLOW;
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | links | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return '';
  }
  try {
    const buffer = Buffer.alloc(headSize);
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, headSize, 0));
  } catch {
    return '';
  } finally {
    closeSync(descriptor);
  }
}

/** Does `hermes-shim up` keep the container that this metadata names? It only decides which command is advised. */
export function isKeptByUp(file: string): boolean {
  return headOf(file).startsWith(upMarker);
}
