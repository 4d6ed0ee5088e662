import { rmSync } from 'node:fs';
import { build } from 'rolldown';

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
      { name: 'bare-builtins', renderChunk: (code) => code.replaceAll('require("node:', 'require("') },
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
