import { rmSync } from 'node:fs';
import { build } from 'rolldown';

/** What node has loaded by itself anyway. Every other builtin costs, child_process and net 3 ms. */
const always = ['fs', 'path'];

/** Old nodes know builtins by their bare names alone. */
const bare = (code: string): string => code.replaceAll('require("node:', 'require("');

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
 * Bundles the programs into dist/, or into the directory that is named: CommonJS, since it starts 3 ms sooner than ES
 * modules; what only a wait or a failure needs goes into files of its own, which are not even read on the hot path. The
 * companion is a build of its own, so that what both use is not moved into a third file that the hot path would have to
 * read as well. A node that is too old must understand them so far as to say so (Ubuntu 22.04 has 12): its syntax, bare
 * builtins.
 */
const dir = process.argv[2] ?? 'dist';
rmSync(dir, { recursive: true, force: true });
for (const name of ['hermes', 'hermes-shim']) {
  await build({
    input: { [name]: `src/${name}.ts` },
    platform: 'node',
    transform: { target: 'node12' },
    plugins: [
      {
        name: 'late-builtins',
        renderChunk: (code, chunk) => (chunk.name === 'hermes' ? loadLate(code) : bare(code)),
      },
    ],
    // yargs has an import.meta.resolve for configuration to extend, which the companion has not, and a name for require()
    checks: { emptyImportMeta: false, toleratedTransform: false },
    output: {
      dir,
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: `${name}-[name].cjs`,
      minify: true,
    },
  });
}
