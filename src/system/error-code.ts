/** The `code` of a system error (`ENOENT`, …), or `unknown` for anything else that was thrown. */
export function errorCode(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unknown';
}
