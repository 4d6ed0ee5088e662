/** pkg.config.json: what the single executable is made of. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Architecture } from '../runtimes.ts';

export interface BinaryConfig {
  name: string;
  /** The exact version of the runtime. */
  node: string;
  /** The exact version of the other runtime, of which the fast one is made. */
  bun: string;
  targets: readonly Architecture[];
  /** The program that runs at once. */
  main: string;
  /** What is loaded only where it is needed: by file name, the path. */
  assets: Readonly<Record<string, string>>;
  /** Without debug information and symbols. */
  strip: boolean;
}

/** Reads and checks it. Paths are relative to `cwd`, which is where it lies. Throws a sentence. */
export function readConfig(cwd: string): BinaryConfig {
  const raw = JSON.parse(readFileSync(`${cwd}/pkg.config.json`, 'utf8')) as Record<string, unknown>;
  const text = (key: string, pattern: RegExp): string => {
    const value = raw[key];
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw new Error(`pkg.config.json: ${key} is ${JSON.stringify(value)}, which is not ${pattern}`);
  };
  const list = (key: string): string[] => {
    const value = raw[key];
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
    throw new Error(`pkg.config.json: ${key} is not a list of strings`);
  };
  const main = text('main', /^[\w./-]+$/);
  const files = list('assets').flatMap((pattern) => matching(pattern, cwd));
  const assets = files.filter((file) => file !== main).sort();
  return {
    name: text('name', /^[\w-]+$/),
    node: text('node', /^\d+\.\d+\.\d+$/),
    bun: text('bun', /^\d+\.\d+\.\d+$/),
    targets: list('targets').map(toArchitecture),
    main,
    assets: Object.fromEntries(assets.map((file) => [basename(file), file])),
    strip: raw.strip === true,
  };
}

/** `directory/*.ending`, or one file. */
function matching(pattern: string, cwd: string): string[] {
  const [name, directory] = [basename(pattern), dirname(pattern)];
  if (!name.startsWith('*')) return [pattern];
  const files = readdirSync(join(cwd, directory)).filter((file) => file.endsWith(name.slice(1)));
  return files.map((file) => join(directory, file));
}

function toArchitecture(target: string): Architecture {
  if (target === 'linux-x64') return 'x64';
  if (target === 'linux-arm64') return 'arm64';
  throw new Error(`pkg.config.json: there is no target ${target}; there are linux-x64 and linux-arm64`);
}
