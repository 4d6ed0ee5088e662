import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import type { Environment } from '../route/inside.ts';

/** Terminal and language, and hermes's documented per-call switches. A trailing `*` matches a prefix. */
const forwarded = [
  'TERM COLORTERM COLORFGBG TERM_PROGRAM TERM_PROGRAM_VERSION LANG LC_* TZ NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE',
  'HERMES_INFERENCE_MODEL HERMES_INFERENCE_PROVIDER HERMES_YOLO_MODE HERMES_ACCEPT_HOOKS HERMES_IGNORE_*',
  'HERMES_SAFE_MODE HERMES_QUIET HERMES_TUI HERMES_ACP_SKIP_CONFIGURED_MCP',
].flatMap((line) => line.split(' '));

/** Never forwarded, whoever asks: they name paths or facts of the host, or are the shim's own. */
const withheld = ['HERMES_HOME', 'HERMES_DEV', 'HERMES_MANAGED', 'HERMES_SHIM_*'];

/** What of the caller's environment goes into the session. */
export type Forwarded = {
  /** by name and value; may stand in an argument list */
  readonly plain: ReadonlyArray<readonly [string, string]>;
  /** by the user's own list: may be secrets, never in an argument list nor on disk */
  readonly secret: ReadonlyArray<readonly [string, string]>;
};

function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

/** Names that an engine takes by `-e NAME` as they are; podman itself would expand a `*`. */
const nameable = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/**
 * Picks what is forwarded.
 * @param env the caller's environment
 */
export function pickForwarded(env: Environment): Forwarded {
  const listed = (env.HERMES_SHIM_FORWARD_ENV ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  const plain: Array<readonly [string, string]> = [];
  const secret: Array<readonly [string, string]> = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !nameable.test(name) || matches(name, withheld)) continue;
    if (matches(name, forwarded)) plain.push([name, value]);
    else if (matches(name, listed)) secret.push([name, value]);
  }
  return { plain, secret };
}

/** A pipe's capacity (pipe(7)): more does not fit without a reader. */
const pipeCapacity = 65_536;

/**
 * Writes secrets as an engine's `--env-file`, for the way through sudo, which empties the environment.
 * @throws {Failure} 125 for a value that cannot go that way: an error, not a loss
 */
export function formatEnvFile(secret: Forwarded['secret']): string {
  for (const [name, value] of secret) {
    const fault = /[\n\r]/.test(value)
      ? 'holds a line break'
      : value.includes('\ufffd')
        ? 'is not UTF-8'
        : undefined;
    if (fault) throw cannotForward(`${escapeControls(name)} ${fault}, which cannot pass through sudo`);
  }
  const text = secret.map(([name, value]) => `${name}=${value}\n`).join('');
  if (Buffer.byteLength(text) > pipeCapacity)
    throw cannotForward(
      'what HERMES_SHIM_FORWARD_ENV lists is over 64 KiB, too much for the way through sudo',
    );
  return text;
}

function cannotForward(sentence: string): Failure {
  return new Failure(exitCodes.cannotRoute, sentence, [
    { label: 'leave it out', text: 'take it from HERMES_SHIM_FORWARD_ENV, or put it into <home>/.env' },
  ]);
}
