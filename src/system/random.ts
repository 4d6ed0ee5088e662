import { closeSync, openSync, readSync } from 'node:fs';

/**
 * A whole number below 2^48 that nobody can foresee, for names that shall not be guessed or meet. Not by `Math.random()`:
 * the launcher's `--random-seed` makes that the same in every process. Not by `node:crypto`: loading it takes a
 * millisecond, this takes 0.02. Where there is no /dev/urandom, the clock's nanoseconds have to do.
 */
export function randomNumber(): number {
  const bytes = Buffer.alloc(6);
  try {
    const device = openSync('/dev/urandom', 'r');
    try {
      if (readSync(device, bytes) === bytes.length) return bytes.readUIntBE(0, bytes.length);
    } finally {
      closeSync(device);
    }
  } catch {
    // a chroot without devices, or no descriptor to spare
  }
  return Number(process.hrtime.bigint() % 2n ** 48n);
}
