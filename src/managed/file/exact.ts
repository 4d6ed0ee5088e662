/**
 * A value as YAML has it, numbers exact: a whole number that JavaScript's would round is a bigint, every other a number.
 * To be used on what was parsed with `intAsBigInt`. Pure.
 */
export function exactNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  // 1e20 is written with all its digits, and must be found the same again
  if (typeof value === 'number') return needsBigInt(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(exactNumbers);
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, exactNumbers(inner)]));
}

/** JavaScript writes numbers from 1e21 on with an exponent: these stay floats. */
const needsBigInt = (value: number): boolean =>
  Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21;

/** How JSON, which knows no bigint, has one. */
const mark = 'hermes-shim:integer';

/** For `JSON.stringify`. */
export function bigintToJson(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { [mark]: String(value) } : value;
}

/** For `JSON.parse`. */
export function bigintFromJson(_key: string, value: unknown): unknown {
  const digits = value !== null && typeof value === 'object' && (value as { [mark]?: unknown })[mark];
  return typeof digits === 'string' && /^-?\d+$/.test(digits) ? BigInt(digits) : value;
}
