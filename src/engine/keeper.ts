import { closeSync, constants, lstatSync, openSync, readSync } from 'node:fs';
import { authorOf } from '../route/author.ts';
import { pinFile } from '../route/pin.ts';

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

/**
 * How `hermes-shim up`'s commands begin for whoever reads advice about the container that this metadata or pin names:
 * with sudo where it is not this user's, but root's, whose `up` gives the metadata to hermes's user.
 * @returns `undefined`: `up` does not keep it. It only decides which command is advised
 */
export function keeperCommand(file: string, uid = process.getuid?.()): KeeperCommand | undefined {
  if (authorOf(headOf(file)) !== 'up') return undefined;
  const owner = lstatSync(file, { throwIfNoEntry: false })?.uid;
  return owner === uid || uid === 0 ? 'hermes-shim' : 'sudo hermes-shim';
}

/** What is typed in front of `up`, `restart`, … */
export type KeeperCommand = 'hermes-shim' | 'sudo hermes-shim';
