import { rmSync } from 'node:fs';
import { build } from 'rolldown';

/**
 * Bundles the program into dist/, or into the directory that is named: CommonJS, since it starts 3 ms sooner than ES
 * modules; what only a wait or a failure needs goes into files of its own, which are not even read on the hot path. A
 * node that is too old must understand it so far as to say so (Ubuntu 22.04 has 12): its syntax, bare builtins.
 */
const dir = process.argv[2] ?? 'dist';
rmSync(dir, { recursive: true, force: true });
await build({
  input: { hermes: 'src/hermes.ts' },
  platform: 'node',
  transform: { target: 'node12' },
  plugins: [{ name: 'bare-builtins', renderChunk: (code) => code.replaceAll('require("node:', 'require("') }],
  output: {
    dir,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: 'hermes-[name].cjs',
    minify: true,
  },
});
