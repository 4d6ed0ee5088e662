import { UsageError } from './usage-error.ts';

/** The options that have a value. */
const valued = ['backend', 'bin', 'container', 'file', 'name', 'service', 'since', 'user'];

/** An option whose value is a text. */
export const textOption = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const;

/**
 * What yargs lets pass: a value that is there twice, which it makes a list of; `--no-NAME` and `--NAME.x` of an option
 * with a value; a word behind the `=` of a switch, which it takes for `false`: `--dry-run=yes` would do it all. To be
 * used as a check, not by `coerce`, which would stand in the way of completion. Pure.
 * @param given the options by their names, as they were read
 * @throws {UsageError} naming the option
 */
export function refuseWrongUsage(given: Readonly<Record<string, unknown>>, argv: readonly string[]): void {
  for (const name of valued) {
    const value = given[name];
    if (Array.isArray(value)) throw new UsageError(`--${name} is there twice: give it once`);
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw needsValue(name);
  }
  for (const word of argv) {
    const [, name = '', value = ''] = /^--([\w-]+)=(.*)$/s.exec(word) ?? [];
    if (typeof given[name] === 'boolean' && !/^(true|false)$/.test(value))
      throw new UsageError(`--${name} takes no value: leave out what stands behind =`);
  }
}

/** yargs's own words for wrong usage; ours where it names an option in other words than it is typed. Pure. */
export function usageError(message: string): UsageError {
  const [, name] = /^Not enough arguments following: (.*)$/.exec(message) ?? [];
  return name === undefined ? new UsageError(message) : needsValue(name);
}

const needsValue = (name: string): UsageError => new UsageError(`--${name} needs a value`);
