/** The shim as a user has it: packed by npm, unpacked where everybody can read it, with a node that everybody can run. */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { engines } from './modes.ts';

/** The names that package.json puts on PATH. */
export type ShimName = 'hermes' | 'hermes-agent' | 'hermes-acp' | 'hermes-shim';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

export interface Installation {
  /** Holds the names, as links into the package: what goes on PATH. As `npm install --global` lays them out. */
  binDir: string;
  /** The unpacked package. */
  packageDir: string;
}

let installation: Promise<Installation> | undefined;

/** Packs and unpacks the built shim, once per run whoever asks first. Throws a sentence if it has not been built. */
export function installShim(): Promise<Installation> {
  installation ??= install();
  return installation;
}

/** The path of one launcher of the installed shim. */
export async function shim(name: ShimName = 'hermes'): Promise<string> {
  const launcher = join((await installShim()).binDir, name);
  if (!existsSync(launcher)) throw new Error(`package.json has no bin called ${name}`);
  return launcher;
}

/** The built shim as npm packs it, into a directory. Returns the file's path. */
export async function packShim(dir: string): Promise<string> {
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', dir];
  const { stdout } = await execa('npm', pack, { cwd: checkout });
  return join(dir, stdout.trim().split('\n').at(-1) ?? '');
}

/** Of node, the newest of each line that is supported, but of the oldest line the oldest. */
export const nodeVersions = ['20.17.0', '22.23.3', '24.21.0', '26.10.0'];

async function install(): Promise<Installation> {
  const target = join(engines.dir, 'installed');
  const done = { binDir: join(target, 'bin'), packageDir: join(target, 'lib/node_modules/hermes-shim') };
  if (existsSync(target)) return done;
  if (!existsSync(join(checkout, 'dist')))
    throw new Error('the shim has not been built: run `npm run build` first');
  const draft = mkdtempSync(join(engines.dir, 'installing-'));
  if (process.env.HERMES_SHIM_TEST_PROGRAM !== undefined) return installBinary(draft, done);
  const tarball = await packShim(draft);
  const draftPackage = join(draft, 'root/lib/node_modules/hermes-shim');
  mkdirSync(draftPackage, { recursive: true });
  mkdirSync(join(draft, 'root/bin'));
  await execa('tar', ['-xzf', tarball, '-C', draftPackage, '--strip-components=1', '--no-same-owner']);
  const manifest = JSON.parse(await readFile(join(draftPackage, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
  };
  for (const [name, file] of Object.entries(manifest.bin)) {
    symlinkSync(join('../lib/node_modules/hermes-shim', file), join(draft, 'root/bin', name));
  }
  // what npm runs after an installation
  await execa(process.env.TEST_NODE ?? process.execPath, [join(draftPackage, 'dist/hermes-precompile.cjs')]);
  try {
    // Test files run in parallel: who is second finds the directory taken and uses it.
    renameSync(join(draft, 'root'), target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
  rmSync(draft, { recursive: true, force: true });
  return done;
}

/**
 * In the place of the package: the single executable that `npm run build:binary` has made, to run the tests of a session
 * against it. Its launcher and its other names lie in one directory.
 */
async function installBinary(draft: string, done: Installation): Promise<Installation> {
  const fast = process.env.HERMES_SHIM_TEST_PROGRAM === 'fast' ? '-fast' : '';
  const built = join(checkout, `build/linux-${process.arch}${fast}`);
  if (!existsSync(built)) throw new Error(`${built} has not been built: run \`npm run build:binary\` first`);
  await execa('cp', ['-R', built, join(draft, 'bin')]);
  await execa('chmod', ['-R', 'go+rX', draft]);
  try {
    renameSync(draft, dirname(done.binDir));
  } catch (error) {
    if (!existsSync(done.binDir)) throw error;
  }
  return done;
}

/**
 * A directory with that node (default: the one that runs the tests, or TEST_NODE) as `node`, for PATH. A link, or a copy
 * where others cannot reach the original (a version manager in a home).
 */
export function nodeDir(node = process.env.TEST_NODE ?? process.execPath): string {
  const id = createHash('sha256').update(node).digest('hex').slice(0, 8);
  const dir = join(engines.dir, `node-${id}`);
  const file = join(dir, 'node');
  if (existsSync(file)) return dir;
  mkdirSync(dir, { recursive: true });
  const draft = `${file}.${process.pid}`;
  if (othersReach(node)) symlinkSync(node, draft);
  else copyFileSync(node, draft);
  renameSync(draft, file);
  return dir;
}

/**
 * A node whose clock is ten minutes ahead: by it every container has been up for long, as it has in most calls, and is
 * not asked whether it is ready.
 */
export function laterNode(): string {
  const dir = join(engines.dir, 'later');
  const file = join(dir, 'node');
  if (existsSync(file)) return file;
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'clock.cjs'), 'const now = Date.now;\nDate.now = () => now() + 600_000;\n');
  const draft = `${file}.${process.pid}`;
  const script = `#!/bin/sh\nexec ${nodeDir()}/node --require ${dir}/clock.cjs "$@"\n`;
  writeFileSync(draft, script, { mode: 0o755 });
  renameSync(draft, file);
  return file;
}

function othersReach(path: string): boolean {
  const passable = (at: string): boolean =>
    (statSync(at).mode & 0o1) !== 0 && (at === '/' || passable(dirname(at)));
  return (statSync(path).mode & 0o5) === 0o5 && passable(dirname(path));
}
