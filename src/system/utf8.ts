import { isUtf8 } from 'node:buffer';

/** The line, counted from 1, with the first bytes that are not UTF-8; `undefined` where all of it is. Pure. */
export function lineOfOtherBytes(bytes: Buffer): number | undefined {
  if (isUtf8(bytes)) return undefined;
  let begin = 0;
  for (let line = 1; ; line++) {
    const newline = bytes.indexOf(0x0a, begin);
    if (newline < 0 || !isUtf8(bytes.subarray(begin, newline))) return line;
    begin = newline + 1;
  }
}
