/** The fast single executable: the same files of dist/ in Bun, which starts in a fraction of node's time. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type Architecture, fetchBun } from '../runtimes.ts';
import { readShell } from '../shell.ts';
import type { BinaryConfig } from './config.ts';
import { launcherText, names } from './main.ts';
import { strip } from './strip.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** Makes the file. @returns its bytes */
export async function makeFast(architecture: Architecture, config: BinaryConfig): Promise<Buffer> {
  const [runtime, builder] = await Promise.all([fetchBun(config.bun, architecture), fetchBun(config.bun)]);
  const draft = mkdtempSync(join(tmpdir(), 'hermes-shim-fast-'));
  try {
    for (const path of [config.main, ...Object.values(config.assets)])
      copyFileSync(join(checkout, path), join(draft, basename(path)));
    writeFileSync(join(draft, 'main.cjs'), fastMainText(basename(config.main)));
    // before: a compiled file keeps its program where strip would take it for superfluous
    const stripped = join(draft, 'bun');
    writeFileSync(stripped, config.strip ? strip(readFileSync(runtime)) : readFileSync(runtime));
    const settings = [
      ...['--compile', `--target=bun-linux-${architecture}`, `--compile-executable-path=${stripped}`],
      ...['--bytecode', '--minify', '--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
      // else the directory of this build would stand there
      ...['--define', '__dirname="/"', '--define', '__filename="/"'],
    ];
    await execa(builder, ['build', ...settings, 'main.cjs', '--outfile', 'made'], {
      cwd: draft,
      // neither the caller's variables nor their bunfig.toml
      env: { HOME: draft, PATH: '/usr/bin:/bin' },
      extendEnv: false,
    });
    return readFileSync(join(draft, 'made'));
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/**
 * What it runs first. A directory that was deleted, which its launcher has left, is entered again: by the system's own
 * fchdir, since Bun's chdir wants to know what it is called.
 */
function fastMainText(program: string): string {
  return `const left = process.env.HERMES_SHIM_LEFT;
if (left !== undefined) {
  delete process.env.HERMES_SHIM_LEFT;
  const { dlopen } = require('bun:ffi');
  dlopen('libc.so.6', { fchdir: { args: ['i32'], returns: 'i32' } }).symbols.fchdir(Number(left));
  require('node:fs').closeSync(Number(left));
}
const called = require('node:path').basename(process.argv0);
if (${JSON.stringify(names)}.includes(called)) {
  process.argv.splice(2, 0, called);
  process.env.HERMES_SHIM_LAUNCHER = process.execPath;
}
process.argv[1] = process.execPath;
if (process.argv[2] === 'hermes-shim') require('./hermes-shim.cjs');
else require('./${program}');
`;
}

/**
 * Bun's own variables; there are more by the hundred (`BUN_JSC_…`), which nobody sets by chance. And TZ, which Bun takes for
 * missing where it is empty (1.4.5; the differential test).
 */
const obeyed = ['TZ', 'BUN_BE_BUN', 'BUN_OPTIONS', 'BUN_INSPECT', 'BUN_INSPECT_PRELOAD', 'MIMALLOC_VERBOSE'];

/** The launcher for it: sets Bun's variables aside, too, and leaves a directory that was deleted. */
export function fastLauncherText(launcher: string, file: string): string {
  const before = launcher.replace('for hermes_shim_key in NODE_OPTIONS', `$& ${obeyed.join(' ')}`);
  const leave = readShell(fileURLToPath(new URL('leave-deleted.sh', import.meta.url))).replace(/^#!.*\n/, '');
  const text = launcherText(before, file);
  const end = text.lastIndexOf('\nexec ');
  return `${text.slice(0, end)}\n${leave}${text.slice(end)}`;
}
