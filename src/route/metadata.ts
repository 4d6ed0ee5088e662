import { posix } from 'node:path';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure, runOnHost } from '../report/failure.ts';
import { quoteWord } from '../report/quote.ts';
import { trace } from '../report/trace.ts';

/** The container engines. */
export type Engine = 'docker' | 'podman';

/** What `.container-mode` (or the pin) says, checked. */
export type Metadata = {
  /** `undefined`: detect it, the engine that has the container */
  readonly backend: Engine | undefined;
  readonly containerName: string;
  readonly execUser: string;
  readonly hermesBin: string;
  /** only in a pin: the home it speaks for; in a user's own, the path in the container */
  readonly hermesHome: string | undefined;
  /** only in a user's own pin: the volume on which the home lies */
  readonly volume: string | undefined;
  /** compose's own names for the container, by which a recreated one is found under another name */
  readonly service: Service | undefined;
};

/** A service of compose, and the project that it belongs to. */
export type Service = { readonly project: string; readonly name: string };

type Rule = { readonly accepted: string; readonly accepts: (value: string) => boolean };

const account = '(?:[a-zA-Z_][a-zA-Z0-9_.-]*\\$?|[0-9]{1,10})';
const accountPattern = new RegExp(`^${account}(?::${account})?$`);

function isAbsolutePath(value: string): boolean {
  const plain = value.startsWith('/') && posix.normalize(value) === value && !value.endsWith('/');
  // U+FFFD stands for bytes that are no UTF-8: such a path would not be the one that is in the file
  return plain && value.length <= 4096 && !/[\p{Cc}\p{Cf}\u2028\u2029\ufffd]/u.test(value);
}

const absolutePath = 'an absolute path without ".", "..", "//" or control characters';

const objectName: Rule = {
  accepted: 'a letter or digit, then letters, digits, "_", "." and "-", 255 characters at most',
  accepts: (value) => /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(value),
};

/** Engines call a volume that nobody has named by 64 hexadecimal digits. */
export function isUnnamed(volume: string): boolean {
  return /^[0-9a-f]{64}$/.test(volume);
}

const rules: Readonly<Record<string, Rule>> = {
  backend: { accepted: '"docker" or "podman"', accepts: (value) => value === 'docker' || value === 'podman' },
  container_name: objectName,
  compose_project: objectName,
  compose_service: objectName,
  exec_user: {
    accepted: 'a user or user:group, as names or numbers, not starting with "-"',
    accepts: (value) => value.length <= 255 && accountPattern.test(value),
  },
  hermes_bin: { accepted: absolutePath, accepts: isAbsolutePath },
  volume: {
    accepted: `the name of a volume: ${objectName.accepted}`,
    // one that nobody has named is another in the next container
    accepts: (value) => objectName.accepts(value) && !isUnnamed(value),
  },
  hermes_home: { accepted: absolutePath, accepts: isAbsolutePath },
};

const ordinary = [
  'backend',
  'container_name',
  'exec_user',
  'hermes_bin',
  'compose_project',
  'compose_service',
] as const;
/** The keys that count in metadata of a home, in a pin, and in a user's own. */
export const keysOf = {
  metadata: ordinary,
  pin: [...ordinary, 'hermes_home'],
  own: [...ordinary, 'hermes_home', 'volume'],
} as const;

/**
 * Reads metadata text: one `key=value` a line, halves trimmed, first `=` splits, comments, blank lines, lines
 * without `=` and unknown keys ignored, a later key wins, CRLF and a BOM tolerated.
 * @param text the file's content, hostile until proven otherwise: the container can write it
 * @param file its path, for the error
 * @param kind whose file it is: it says which keys count
 * @throws {Failure} 125 naming file, line, key, value and what is accepted
 */
export function parseMetadata(text: string, file: string, kind: keyof typeof keysOf = 'metadata'): Metadata {
  if (text.includes('\0')) {
    throw new Failure(
      exitCodes.cannotRoute,
      `${escapeControls(file)} is not a text file (it has NUL bytes)`,
      repair(file),
    );
  }
  const keys: readonly string[] = keysOf[kind];
  const found = new Map<string, { value: string; line: number }>();
  for (const [index, line] of text.split('\n').entries()) {
    const split = line.indexOf('=');
    if (split < 0) continue;
    // trimming takes a BOM away, too, and what begins with # is no key that counts
    const key = line.slice(0, split).trim();
    if (keys.includes(key)) found.set(key, { value: line.slice(split + 1).trim(), line: index + 1 });
  }
  const checked = (key: string): string | undefined => {
    const entry = found.get(key);
    const rule = rules[key];
    if (entry) trace(() => ({ about: 'metadata', key, ...entry }));
    if (entry === undefined || rule === undefined) return undefined;
    if (!rule.accepts(entry.value)) throw invalid({ file, key, ...entry, accepted: rule.accepted });
    return entry.value;
  };
  const [project, service] = [checked('compose_project'), checked('compose_service')];
  return {
    backend: checked('backend') as Engine | undefined,
    containerName: checked('container_name') ?? 'hermes-agent',
    execUser: checked('exec_user') ?? 'hermes',
    hermesBin: checked('hermes_bin') ?? '/data/current-package/bin/hermes',
    hermesHome: checked('hermes_home'),
    volume: checked('volume'),
    service: project === undefined || service === undefined ? undefined : { project, name: service },
  };
}

function invalid(fault: {
  file: string;
  line: number;
  key: string;
  value: string;
  accepted: string;
}): Failure {
  const where = `${escapeControls(fault.file)}, line ${fault.line}`;
  const sentence = `${where}: ${fault.key} is '${escapeControls(fault.value, 120)}', accepted is ${fault.accepted}`;
  return new Failure(exitCodes.cannotRoute, sentence, repair(fault.file));
}

/** What to do about metadata that cannot be used. */
export function repair(file: string): Failure['hints'] {
  return [
    { label: 'look', text: `cat -v ${quoteWord(escapeControls(file))}` },
    { label: 'on NixOS, write it anew', text: 'sudo nixos-rebuild switch' },
    runOnHost,
  ];
}
