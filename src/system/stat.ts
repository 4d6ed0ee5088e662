/**
 * A field of `/proc/<pid>/stat`, by its number in proc(5), from the third on; `'0'` where there is none. The second, the
 * program's name, may hold blanks and brackets, and ends at the last bracket.
 */
export function statField(stat: string, field: number): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field - 3] ?? '0';
}

/** Is the process with this `/proc/<pid>/stat` in a terminal? Its device's number (tty_nr, proc(5)) is 0 once that is closed. */
export function hasTerminal(stat: string): boolean {
  return statField(stat, 7) !== '0';
}
