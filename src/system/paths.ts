/** Is `path` this directory or below it? Both are absolute and normal: what they name is not looked at. */
export function isWithin(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}
