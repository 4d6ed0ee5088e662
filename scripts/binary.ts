/**
 * The single executable: one file that needs no node on the host, with the launcher beside it.
 *
 *   binary [--fast] [linux-x64 …]      default: every target of pkg.config.json
 *
 * Made by Node's own single-executable support, from runtimes of one exact version; `--fast`: by Bun's, into a
 * directory of its own. Two builds are identical.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { type BinaryConfig, readConfig } from './binary/config.ts';
import { fastLauncherText, makeFast } from './binary/fast.ts';
import { launcherText, mainText, startOptions } from './binary/main.ts';
import { strip } from './binary/strip.ts';
import { type Architecture, fetchRuntime, ownArchitecture } from './runtimes.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));

/** Made of node, or of Bun: `fast`. */
export type Kind = 'node' | 'fast';

/** Makes one target from the built bundle; returns the directory: the file, the launcher, and its other names. */
export async function buildBinary(
  architecture: Architecture,
  config: BinaryConfig = readConfig(checkout),
  directory = directoryOf(architecture),
  kind: Kind = 'node',
): Promise<string> {
  const file = `${config.name}-linux-${architecture}`;
  const made = await (kind === 'fast' ? makeFast : makeOfNode)(architecture, config);
  const launcher = readFileSync(join(checkout, 'bin/hermes'), 'utf8');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, file), made);
  writeFileSync(
    join(directory, 'hermes'),
    (kind === 'fast' ? fastLauncherText : launcherText)(launcher, file),
  );
  for (const name of [file, 'hermes']) chmodSync(join(directory, name), 0o755);
  for (const terms of ['LICENSE', 'dist/THIRD-PARTY.txt'])
    copyFileSync(join(checkout, terms), join(directory, basename(terms)));
  for (const name of launcherNames()) symlinkSync('hermes', join(directory, name));
  return directory;
}

function directoryOf(architecture: Architecture, kind: Kind = 'node'): string {
  return join(checkout, 'build', `linux-${architecture}${kind === 'fast' ? '-fast' : ''}`);
}

/** @returns the file's bytes */
async function makeOfNode(architecture: Architecture, config: BinaryConfig): Promise<Buffer> {
  const [runtime, builder] = await Promise.all([
    fetchRuntime(config.node, architecture),
    fetchRuntime(config.node),
  ]);
  const draft = mkdtempSync(join(tmpdir(), 'hermes-shim-binary-'));
  try {
    const [node, main] = [join(draft, 'node'), join(draft, 'main.cjs')];
    if (config.strip) writeFileSync(node, strip(readFileSync(runtime)));
    else copyFileSync(runtime, node);
    writeFileSync(main, mainText(readFileSync(join(checkout, config.main), 'utf8'), basename(config.main)));
    const assets = Object.entries(config.assets).map(([name, path]) => [name, join(checkout, path)]);
    const plan = {
      main: 'main.cjs',
      executable: node,
      // The name is compiled in, so it must not be a directory of ours.
      output: 'made',
      disableExperimentalSEAWarning: true,
      // Another machine's V8 would refuse it.
      useCodeCache: architecture === ownArchitecture(),
      execArgvExtension: 'none',
      execArgv: startOptions(readFileSync(join(checkout, 'bin/hermes'), 'utf8')),
      assets: Object.fromEntries(assets),
    };
    writeFileSync(join(draft, 'plan.json'), JSON.stringify(plan));
    // Without a fixed seed the code cache differs from build to build; V8 does not count it among its flags.
    await execa(builder, ['--random-seed=1', '--predictable', '--build-sea', 'plan.json'], {
      cwd: draft,
      env: plain,
    });
    return readFileSync(join(draft, 'made'));
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Whatever steers the caller's node must not steer this one. */
const plain = { NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: undefined };

/** The names that package.json puts on PATH, but the first. */
function launcherNames(): string[] {
  const { bin } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
  };
  return Object.keys(bin).filter((name) => name !== 'hermes');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const config = readConfig(checkout);
  const words = process.argv.slice(2);
  const kind = words.includes('--fast') ? 'fast' : 'node';
  const wanted = words.filter((word) => word !== '--fast');
  const known = config.targets.map((architecture) => `linux-${architecture}`);
  const unknown = wanted.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    console.error(`binary: there is no ${unknown}; there are --fast, ${known.join(', ')}`);
    process.exit(2);
  }
  for (const architecture of config.targets) {
    if (wanted.length > 0 && !wanted.includes(`linux-${architecture}`)) continue;
    console.log(await buildBinary(architecture, config, directoryOf(architecture, kind), kind));
  }
}
