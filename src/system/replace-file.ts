import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { errorCode } from './error-code.ts';

/**
 * Puts a file in the place of another, whole or not at all, by a draft beside it; no link is followed.
 * @param mode its rights, whatever the umask
 * @throws the system's error; nothing has changed then
 */
export function replaceFile(path: string, text: string, mode: number): void {
  withDraft(path, text, mode, (draft) => renameSync(draft, path));
}

/**
 * The same where nothing may be replaced.
 * @throws the system's error, `EEXIST` where something has the name, be it a link that leads nowhere
 */
export function addFile(path: string, text: string, mode: number): void {
  withDraft(path, text, mode, (draft) => {
    try {
      linkSync(draft, path);
    } catch (error) {
      // file systems without a second name for a file (FAT, some of FUSE); EPERM is Linux's word for it
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(error))) throw error;
      reserve(path);
      renameSync(draft, path);
      return;
    }
    rmSync(draft);
  });
}

/** Takes a name that nobody has, for the draft that is about to get it. */
function reserve(path: string): void {
  closeSync(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600));
}

function withDraft(path: string, text: string, mode: number, place: (draft: string) => void): void {
  const draft = `${path}.${process.pid}`;
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const descriptor = openSync(draft, flags, mode);
    try {
      fchmodSync(descriptor, mode);
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    place(draft);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
