import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

/**
 * The caller's arguments as they are on the way to hermes. Node turns bytes that are no UTF-8 into U+FFFD, and so
 * do the engines (their wire is JSON): such arguments travel as printf formats, which the exec wrapper turns back.
 */
export type Wire = { readonly args: readonly string[]; readonly encoded: boolean };

/** Splits what `/proc/<pid>/cmdline` and `environ` hold: words that each end in a NUL (proc(5)). */
export function splitWords(raw: Buffer): readonly Buffer[] {
  const words: Buffer[] = [];
  for (let begin = 0; begin < raw.length; ) {
    const nul = raw.indexOf(0, begin);
    const end = nul < 0 ? raw.length : nul;
    words.push(raw.subarray(begin, end));
    begin = end + 1;
  }
  return words;
}

/** The raw arguments of this process, as bytes. */
export function readRawArguments(): readonly Buffer[] {
  return splitWords(readFileSync('/proc/self/cmdline'));
}

/** A printf format that prints exactly these bytes: everything but letters, digits and a few signs in octal. */
export function toPrintfFormat(bytes: Uint8Array): string {
  let format = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    format += /[A-Za-z0-9_./,:=@+ -]/.test(char) ? char : `\\${byte.toString(8).padStart(3, '0')}`;
  }
  // a leading "-" would be taken for an option by some printf
  return format.startsWith('-') ? `\\055${format.slice(1)}` : format;
}

/** Do these bytes survive a way through text? */
export function isText(bytes: Buffer): boolean {
  return isUtf8(bytes);
}

/** One word may be 128 KiB (execve(2)), and a byte takes four in a format. */
const pieceBytes = 24_576;

/** `.text` is the argument as it stands; else printf formats, `+…` for each piece but the last, which is `=…`. */
function toWords(bytes: Buffer): readonly string[] {
  if (isText(bytes) && bytes.length < 100_000) return [`.${bytes}`];
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    words.push(`+${toPrintfFormat(bytes.subarray(at, at + pieceBytes))}`);
  return words.map((word, index) => (index === words.length - 1 ? `=${word.slice(1)}` : word));
}

/**
 * Puts arguments on the wire: as they are, unless one of them holds bytes that are no UTF-8.
 * @param args what node made of them
 * @param readRaw asked only when there is a U+FFFD; its last words are the caller's own, which are the last of `args`
 */
export function toWire(args: readonly string[], readRaw: () => readonly Buffer[] = readRawArguments): Wire {
  if (!args.some((arg) => arg.includes('\ufffd'))) return { args, encoded: false };
  const typed = readRaw();
  const raw = args.map((arg, index) => {
    const same = typed.at(index - args.length);
    return same?.toString() === arg ? same : Buffer.from(arg);
  });
  return raw.every(isText) ? { args, encoded: false } : { args: raw.flatMap(toWords), encoded: true };
}
