import { readFileSync } from 'node:fs';
import { setAside } from '../../route/caller.ts';
import type { Environment } from '../../system/environment.ts';
import { isText, splitWords, toPrintfFormat } from './bytes.ts';

/** Terminal and language, and hermes's documented per-call switches. A trailing `*` matches a prefix. */
const forwarded = [
  'TERM COLORTERM COLORFGBG TERM_PROGRAM TERM_PROGRAM_VERSION LANG LC_* TZ NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE',
  'HERMES_INFERENCE_MODEL HERMES_INFERENCE_PROVIDER HERMES_YOLO_MODE HERMES_ACCEPT_HOOKS HERMES_IGNORE_*',
  'HERMES_SAFE_MODE HERMES_QUIET HERMES_TUI HERMES_TUI_THEME HERMES_TUI_RESUME',
  'HERMES_ACP_SKIP_CONFIGURED_MCP HERMES_EPHEMERAL_SYSTEM_PROMPT',
].flatMap((line) => line.split(' '));

/** Never forwarded, whoever asks: they name paths or facts of the host, or are the shim's own. */
const withheld = ['HERMES_HOME', 'HERMES_DEV', 'HERMES_MANAGED', 'HERMES_SHIM_*'];

/** What of the caller's environment goes into the session. */
export type Forwarded = {
  /** by name and value; may stand in an argument list */
  readonly plain: ReadonlyArray<readonly [string, string]>;
  /** by the user's own list, as printf formats: may be secrets, never in an argument list nor on disk */
  readonly secret: ReadonlyArray<readonly [string, string]>;
  /** names of plain ones whose value is given as a printf format, for the exec wrapper to turn back */
  readonly encoded: readonly string[];
};

function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

/** Names that a shell hands on; podman itself would expand a `*`. */
const nameable = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The raw environment of this process: words `NAME=value`. */
export function readRawEnvironment(): readonly Buffer[] {
  return splitWords(readFileSync('/proc/self/environ'));
}

/**
 * Picks what is forwarded. Node turns bytes that are no UTF-8 into U+FFFD, and so do the engines: such a value goes as
 * a printf format.
 * @param env the caller's environment
 * @param readRaw asked only when there is a U+FFFD
 */
export function pickForwarded(
  env: Environment,
  readRaw: () => readonly Buffer[] = readRawEnvironment,
): Forwarded {
  const listed = (env.HERMES_SHIM_FORWARD_ENV ?? '').split(',').map((name) => name.trim());
  const plain: Array<readonly [string, string]> = [];
  const secret: Array<readonly [string, string]> = [];
  const encoded: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !nameable.test(name) || matches(name, withheld)) continue;
    const known = matches(name, forwarded);
    if (!known && !matches(name, listed)) continue;
    const format = value.includes('\ufffd') ? oddValue(name, readRaw()) : undefined;
    if (!known) {
      secret.push([name, format ?? toPrintfFormat(Buffer.from(value))]);
      continue;
    }
    if (format !== undefined) encoded.push(name);
    plain.push([name, format ?? value]);
  }
  return { plain, secret, encoded };
}

/** A variable's value as a printf format, where it is no UTF-8. */
function oddValue(name: string, raw: readonly Buffer[]): string | undefined {
  // the launcher sets some aside under a longer name
  const word = raw.find((one) =>
    [`${name}=`, `${setAside}${name}=`].some((begin) => one.indexOf(begin) === 0),
  );
  const value = word?.subarray(word.indexOf('=') + 1);
  return value === undefined || isText(value) ? undefined : toPrintfFormat(value);
}

/** The environment for the engine's client, which takes variables from it by name. */
export function clientEnvironment(env: Environment, { plain, encoded }: Forwarded): Environment {
  if (encoded.length === 0) return env;
  return { ...env, ...Object.fromEntries(plain.filter(([name]) => encoded.includes(name))) };
}
