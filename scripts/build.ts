import './building-node.ts';

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type InputOptions } from 'rolldown';
import { jsonSchema } from '../src/managed/file/schema.ts';
import { lateStringWidth } from './late-string-width.ts';
import { writeManualPages } from './man.ts';
import { noticesOf, packagesOf } from './notices.ts';
import { shellText } from './shell.ts';

/** What node has loaded by itself anyway. Every other builtin costs, child_process and net 3 ms. */
const always = ['fs', 'path'];

/** All modules that stand in some file. */
const bundled = new Set<string>();

/** Old nodes know builtins by their bare names alone. */
const bare = (code: string): string => code.replaceAll('require("node:', 'require("');

/** Text of ASCII alone takes V8 half the memory. What is not stands in strings and patterns, where an escape means the same. */
const escaped = (code: string): string =>
  code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Loads builtins when they are first used: a native hermes needs none but those. Throws where one is imported whole. */
function loadLate(code: string): string {
  const early = bare(code);
  const late = early.replace(/\brequire\("([a-z_/]+)"\)/g, (call, name: string) =>
    always.includes(name) ? call : `late("${name}")`,
  );
  if (late === early) return early;
  const names = [...late.matchAll(/(\w+) = late\(/g)].map(([, name]) => name);
  if (names.some((name) => late.includes(`__toESM(${name}`)))
    throw new Error('the hot path imports a builtin as a whole: name what it uses');
  return `${late}\nfunction late(name) { return new Proxy({}, { get: (_, key) => require(name)[key] }); }\n`;
}

/**
 * Bundles one program into the directory: CommonJS, since it starts 3 ms sooner than ES modules. A node that is too old
 * must understand it so far as to say so (Ubuntu 22.04 has 12): its syntax, bare builtins.
 */
async function bundle(name: string, source: string, settings: Bundling): Promise<void> {
  const imports = new Map<string, readonly string[]>();
  await build({
    input: { [name]: `src/${source}.ts` },
    platform: 'node',
    // a program of sh that two modules use would stand there twice
    optimization: { inlineConst: false },
    transform: { target: 'node12', define: settings.define ?? {} },
    plugins: [
      shellText(),
      lateStringWidth(),
      {
        name: 'late-builtins',
        moduleParsed: ({ id, importedIds }) => void imports.set(id, importedIds),
        renderChunk: (code, chunk) => (settings.late && chunk.isEntry ? loadLate(code) : bare(code)),
        generateBundle: (_, files) => {
          for (const file of Object.values(files)) {
            if (file.type !== 'chunk') continue;
            for (const module of file.moduleIds) bundled.add(module);
            if (settings.late && file.isEntry) file.code = escaped(file.code);
          }
        },
      },
    ],
    // yargs has an import.meta.resolve for configuration to extend, which the companion has not, and a name for require()
    checks: { emptyImportMeta: false, toleratedTransform: false },
    output: {
      dir: settings.dir,
      format: 'cjs',
      entryFileNames: '[name].cjs',
      // by what is in them: a call that runs while another version is installed finds none of its own any more, and takes
      // no part of the other
      chunkFileNames: `${settings.chunks ?? name}-[name]-[hash].cjs`,
      minify: true,
      // what the hot path imports is one file, though others import it, too: each file more is a millisecond
      ...(settings.late ? { codeSplitting: { groups: [{ name, test: isReachable(source, imports) }] } } : {}),
    },
  });
}

/** Is a module imported, statically and however far, by the source? Asked when all are parsed. */
function isReachable(
  source: string,
  imports: ReadonlyMap<string, readonly string[]>,
): (id: string) => boolean {
  let all: Set<string> | undefined;
  return (id) => {
    all ??= new Set([...imports.keys()].filter((each) => each.endsWith(`/src/${source}.ts`)));
    for (const each of all) for (const imported of imports.get(each) ?? []) all.add(imported);
    return all.has(id);
  };
}

interface Bundling {
  dir: string;
  /** What the names of its cold parts begin with; by default its own name. */
  chunks?: string;
  /** Its builtins are loaded when they are first used. */
  late?: boolean;
  define?: NonNullable<InputOptions['transform']>['define'];
}

/**
 * Builds dist/, or the directory that is named. What only a wait or a failure needs goes into files of its own, which are
 * not even read on the hot path. The companion is a build of its own, so that what both use is not moved into a third
 * file that the hot path would have to read as well. At last the program is compiled for this node, as an installer does it.
 */
const [dir = 'dist', ...unknown] = process.argv.slice(2);
const files = dir !== 'dist' && existsSync(dir) ? readdirSync(dir) : [];
if (
  unknown.length > 0 ||
  dir.startsWith('-') ||
  (files.length > 0 && !files.includes('hermes-program.cjs'))
) {
  console.error(`usage: build [DIRECTORY]   # it is emptied, so it must be empty or have been built before`);
  process.exit(2);
}
rmSync(dir, { recursive: true, force: true });
await bundle('hermes-program', 'hermes', { dir, chunks: 'hermes', late: true });
await bundle('hermes-shim', 'hermes-shim', { dir });
await writeManualPages(dir);
writeFileSync(join(dir, 'THIRD-PARTY.txt'), noticesOf(packagesOf(bundled)));
// for editors: what hermes-shim.yaml may say
writeFileSync(join(dir, 'hermes-shim.schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`);
const text = readFileSync(join(dir, 'hermes-program.cjs'));
const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
const define = { PROGRAM_HASH: JSON.stringify(hash) };
await bundle('hermes', 'start', { dir, define });
await bundle('hermes-precompile', 'precompile', { dir, define });
// two builds shall be alike to the last byte; V8 takes the outcome without these flags, too
const alike = ['--random-seed=1', '--predictable'];
execFileSync(process.execPath, [...alike, join(dir, 'hermes-precompile.cjs')], { stdio: 'inherit' });
