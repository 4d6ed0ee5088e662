import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';

/**
 * Puts a file in the place of another, whole or not at all, by a draft beside it; no link is followed.
 * @param mode its rights, whatever the umask
 * @throws the system's error; nothing has changed then
 */
export function replaceFile(path: string, text: string, mode: number): void {
  const draft = `${path}.${process.pid}`;
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const descriptor = openSync(draft, flags, mode);
    try {
      fchmodSync(descriptor, mode);
      writeSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
