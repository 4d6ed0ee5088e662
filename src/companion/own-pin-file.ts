import { mkdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import { quoteWord } from '../report/quote.ts';
import { type Author, authorOf } from '../route/author.ts';
import type { Caller } from '../route/caller.ts';
import { ownPinFile, readOwnText } from '../route/own-pin.ts';
import { errorCode } from '../system/error-code.ts';
import { replaceFile } from '../system/replace-file.ts';

/** The user's own pin as it stands; `undefined` where there is none. */
export type OwnPinState = {
  readonly file: string;
  readonly text: string | undefined;
  readonly author: Author | undefined;
};

/**
 * Looks at the user's own pin, whatever it says.
 * @throws {Failure} 125 where a call of hermes would not believe it either, or there is no place for it
 */
export function ownPinState({ env, uid }: Caller): OwnPinState {
  const file = ownPinFile(env);
  if (file === undefined)
    throw new Failure(
      exitCodes.cannotRoute,
      'this user has no directory of their own, and XDG_CONFIG_HOME is not set',
      [{ label: 'name one', text: 'XDG_CONFIG_HOME=/some/directory hermes-shim enable' }],
    );
  const text = readOwnText(file, uid);
  return { file, text, author: text === undefined ? undefined : authorOf(text) };
}

/** Writes it, 0600 and at once, in a directory that nobody else can write. */
export function writeOwnPin(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    replaceFile(file, text, 0o600);
  } catch (error) {
    throw notChanged(file, errorCode(error));
  }
}

/** Removes it. */
export function removeOwnPin(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    throw notChanged(file, errorCode(error));
  }
}

function notChanged(file: string, why: string): Failure {
  const shown = escapeControls(file);
  return new Failure(exitCodes.cannotRoute, `${shown} could not be changed (${why})`, [
    { label: 'look', text: `ls -ld ${quoteWord(dirname(shown))}` },
  ]);
}
