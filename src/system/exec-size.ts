/** So many bytes of arguments and environment together every system takes (execve(2)). */
export const alwaysTaken = 128 * 1024;

/** What words take of that, in bytes: each ends with a NUL. */
export function sizeOf(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0);
}
