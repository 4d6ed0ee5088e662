/**
 * A field of `/proc/<pid>/stat`, by its number in proc(5), from the third on; `'0'` where there is none. The second, the
 * program's name, may hold blanks and brackets, and ends at the last bracket.
 */
export function statField(stat: string, field: number): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field - 3] ?? '0';
}
