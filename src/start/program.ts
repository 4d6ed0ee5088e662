/** The program `hermes` as it lies in dist/, and its compiled form for one node beside it. */

/** Set by the build: names exactly this text of the program. */
declare const PROGRAM_HASH: string;

/** What the program needs from whoever runs it: CommonJS's `require` for what is beside it, and a place for its exports. */
export type Program = (require: NodeJS.Require, exports: object) => void;

/** The program's file in dist/. */
export const programFile = 'hermes-program.cjs';

/**
 * The file in dist/ that holds the program as this node compiles it. V8 itself refuses what another version of it
 * wrote, but compares no more of the text than its length: hence the hash.
 */
export function compiledFile(): string {
  return `hermes-program-${PROGRAM_HASH}-${process.versions.v8}-${process.arch}.compiled`;
}

/** The script that is compiled: an expression for the program as a function, see {@link Program}. */
export function asFunction(text: string): string {
  return `(function (require, exports) {${text}\n})`;
}
