/**
 * Somebody's machine on which `hermes-shim up` is to make a container: a place for hermes-shim.yaml and the state, a
 * hermes package, and images in both layouts. Root has a view of /etc of its own, so that pin, users and groups of a test
 * are nobody else's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCommand } from '../../scripts/engines/command.ts';
import { engineOf, labelOf } from '../../scripts/engines/modes.ts';
import { askOwner, removal } from '../../scripts/engines/owner.ts';
import { ownPlace } from '../../src/managed/write/own-place.ts';
import {
  type Caller,
  type CallOptions,
  call,
  currentCaller,
  type Ended,
  identityOf,
  type Running,
} from './call.ts';
import { removeTree } from './create.ts';
import { installShim, shim } from './installed.ts';
import { forgetKnown } from './known.ts';
import { type EngineMode, engines } from './modes.ts';
import { openTerminal, type Terminal } from './pty.ts';

/** The ways in which `up` makes a container: always by the engine's own user. */
export const makingWays: readonly EngineMode[] = ['docker', 'podman-root', 'podman-rootless'];

export interface Kept extends AsyncDisposable {
  way: EngineMode;
  caller: Caller;
  name: string;
  root: string;
  /** The caller's home directory. */
  person: string;
  stateDir: string;
  home: string;
  file: string;
  packageDir: string;
  images: { package: string; official: string };
  /** Writes hermes-shim.yaml: lines under what every test needs (state directory, name, engine, user). */
  declare(lines: string, kind?: 'package' | 'official'): void;
  /** hermes-shim as the caller. */
  shim(args: readonly string[], options?: CallOptions): Promise<Ended>;
  start(args: readonly string[], options?: CallOptions): Promise<Running>;
  /** `hermes-shim up`, which must succeed. */
  up(args?: readonly string[]): Promise<Ended>;
  hermes(args: readonly string[], options?: CallOptions): Promise<Ended>;
  terminal(name: 'hermes' | 'hermes-shim', args: readonly string[]): Promise<Terminal>;
  /** sh code as the caller, in their view, with the shim on PATH. */
  sh(script: string, options?: CallOptions): Promise<Ended>;
  engine(args: readonly string[]): Promise<string>;
  id(): Promise<string>;
}

const bed = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Makes such a machine. `asUser`: docker is called by an ordinary user whom the socket's group admits. */
export async function kept(way: EngineMode, { asUser = false }: { asUser?: boolean } = {}): Promise<Kept> {
  const name = `kept-${randomBytes(4).toString('hex')}`;
  const root = join(realpathSync(engines.dir), 'kept', name);
  const person = join(root, 'person');
  const stateDir = join(root, 'state');
  const packageDir = join(root, 'store/hermes-1');
  const file = join(root, 'hermes-shim.yaml');
  await installShim();
  for (const dir of [person, join(root, 'bin'), join(root, 'etc')]) mkdirSync(dir, { recursive: true });
  makePackage(packageDir);
  const base = currentCaller(way, { asUser, home: person, hermesHome: join(stateDir, '.hermes') });
  const { HERMES_HOME: _, ...env } = base.env;
  if (base.uid !== 0) for (const dir of [root, person]) chownSync(dir, base.uid, base.gid);
  const view = base.uid === 0 ? await ownEtc(root) : undefined;
  wrapPodman(root, base);
  const caller: Caller = {
    ...base,
    home: person,
    env: { ...env, HOME: person, PATH: `${join(root, 'bin')}:${env.PATH ?? ''}` },
  };
  const ask = (args: readonly string[]) => askOwner(way, engines, args);
  const engine = async (args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await ask(args);
    if (code !== 0) throw new Error(`${engineOf(way)} ${args.join(' ')}: exit ${code}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const images = { package: engines.images.dash, official: await officialImage(way, engine, root) };
  const inView = (argv: readonly string[]): readonly string[] =>
    view ? ['nsenter', `--mount=/proc/${view.pid}/ns/mnt`, '--', ...argv] : argv;
  const start = async (
    program: 'hermes' | 'hermes-shim',
    args: readonly string[],
    options: CallOptions = {},
  ) => call(caller, inView([await shim(program), ...args]), { timeoutMs: 120_000, ...options });
  const run: Kept['shim'] = async (args, options) => (await start('hermes-shim', args, options)).ended;
  const withFile = (args: readonly string[]) => {
    const [command = '', ...rest] = args;
    return [command, '--file', file, ...rest];
  };
  return {
    way,
    caller,
    name,
    root,
    person,
    stateDir,
    home: join(stateDir, '.hermes'),
    file,
    packageDir,
    images,
    declare(lines, kind = 'package') {
      const common = [
        `stateDir: ${stateDir}`,
        ...(kind === 'package' ? [`package: ${packageDir}`] : []),
        ...(caller.uid === 0
          ? [`user: ${engines.callerUser.name}`, `group: ${engines.callerUser.name}`]
          : []),
        'container:',
        `  backend: ${engineOf(way)}`,
        `  name: ${name}`,
        ...(/^ {2}image:/m.test(lines) ? [] : [`  image: ${images[kind]}`]),
      ];
      const [top = '', inContainer = ''] = lines.split(/^container:\n/m);
      writeFileSync(
        file,
        `${top}${top === '' || top.endsWith('\n') ? '' : '\n'}${common.join('\n')}\n${inContainer}`,
      );
    },
    shim: (args, options) => run(withFile(args), options),
    start: (args, options) => start('hermes-shim', withFile(args), options),
    async up(args = []) {
      const ended = await run(withFile(['up', ...args]));
      if (ended.exitCode !== 0) throw new Error(`up: exit ${ended.exitCode}: ${ended.stdout}${ended.stderr}`);
      return ended;
    },
    hermes: async (args, options) => (await start('hermes', args, options)).ended,
    async terminal(program, args) {
      const argv = inView([await shim(program), ...(program === 'hermes' ? args : withFile(args))]);
      return openTerminal({ ...identityOf(caller), argv: [...argv] });
    },
    sh: async (script, options) =>
      call(caller, inView(['/bin/sh', '-c', script]), { timeoutMs: 120_000, ...options }).ended,
    engine,
    id: () => engine(['inspect', '--type', 'container', '--format', '{{.Id}}', name]),
    async [Symbol.asyncDispose]() {
      await ask(removal(way, [name]));
      await ask(removal(way, [`${name}-before`]));
      view?.end();
      forgetKnown(root);
      await removeTree(way, root);
      forgetRecord(stateDir, caller);
    },
  };
}

/** Changes what the declaration says. */
export function replaced(machine: Kept, from: RegExp, to: string): void {
  writeFileSync(machine.file, readFileSync(machine.file, 'utf8').replace(from, to));
}

/** A package as from a store: bin/hermes, which is the stand-in. */
export function makePackage(dir: string): void {
  mkdirSync(join(dir, 'bin'), { recursive: true });
  copyFileSync(bed('stand-in.sh'), join(dir, 'bin/hermes'));
  copyFileSync(bed('probe.sh'), join(dir, 'bin/probe'));
  for (const name of ['hermes', 'probe']) chmodSync(join(dir, 'bin', name), 0o755);
}

/**
 * podman as its owner has it: in the machine's own mount namespace, where its containers' mounts are, and with the home
 * that its storage lies in.
 */
function wrapPodman(root: string, { uid, env }: Caller): void {
  const podman = findCommand('podman');
  if (podman === null) return;
  const script =
    uid === 0
      ? `exec nsenter --mount=/proc/${process.pid}/ns/mnt -- ${podman} "$@"`
      : `HOME=${env.HOME} exec ${podman} "$@"`;
  const file = join(root, 'bin/podman');
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  chmodSync(file, 0o755);
}

/** A mount namespace in which /etc is root's own to change, held by a process. */
async function ownEtc(root: string): Promise<{ pid: number; end: () => void }> {
  const stage = join(root, 'etc');
  const script = `mount -t tmpfs -o mode=0755 hermes-shim-bed ${stage} && mkdir ${stage}/upper ${stage}/work &&
mount -t overlay overlay -o lowerdir=/etc,upperdir=${stage}/upper,workdir=${stage}/work /etc && echo ready && exec cat`;
  const holder: ChildProcess = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', '/bin/sh', '-c', script],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  if (holder.stdout) await once(holder.stdout, 'data');
  return { pid: holder.pid ?? 0, end: () => void holder.stdin?.end() };
}

const made = new Map<EngineMode, Promise<string>>();

/** An image in the official layout, made once a run of the one that is there. */
function officialImage(
  way: EngineMode,
  engine: (args: readonly string[]) => Promise<string>,
  root: string,
): Promise<string> {
  const there = made.get(way);
  if (there) return there;
  const making = makeOfficial(engine, root);
  made.set(way, making);
  return making;
}

async function makeOfficial(
  engine: (args: readonly string[]) => Promise<string>,
  root: string,
): Promise<string> {
  const image = `hermes-shim-test:managed-${engines.run}`;
  const known = await engine(['images', '--format', '{{.Tag}}']);
  if (known.split('\n').includes(`managed-${engines.run}`)) return image;
  const label = ['--label', labelOf(engines.run)];
  const id = await engine(['create', ...label, engines.images.dash, 'true']);
  const tree = join(root, 'official');
  const venv = join(tree, 'opt/hermes/.venv');
  makePackage(venv);
  copyFileSync(bed('probe.sh'), join(venv, 'bin/hermes-agent'));
  chmodSync(join(venv, 'bin/hermes-agent'), 0o755);
  for (const dir of ['opt/hermes/docker', 'opt/data', 'etc']) mkdirSync(join(tree, dir), { recursive: true });
  copyFileSync(bed('official.sh'), join(tree, 'opt/hermes/docker/entrypoint-dispatch.sh'));
  chmodSync(join(tree, 'opt/hermes/docker/entrypoint-dispatch.sh'), 0o755);
  writeFileSync(
    join(tree, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nhermes:x:10000:10000::/opt/data:/bin/sh\n',
  );
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\ntty:x:5:\nhermes:x:10000:\n');
  await engine(['cp', `${tree}/.`, `${id}:/`]);
  const changes = [
    'ENTRYPOINT ["/opt/hermes/docker/entrypoint-dispatch.sh"]',
    'ENV HERMES_HOME=/opt/data',
    'ENV HERMES_WRITE_SAFE_ROOT=/opt/data',
    'ENV PATH=/opt/hermes/bin:/opt/hermes/.venv/bin:/usr/local/bin:/usr/bin:/bin',
  ].flatMap((change) => ['--change', change]);
  await engine(['commit', ...changes, id, image]);
  await engine(['rm', id]);
  return image;
}

/** What hermes-shim remembers of a state directory that is gone. */
export function forgetRecord(stateDir: string, { uid }: Caller): void {
  if (uid !== 0) return;
  const place = ownPlace({ uid, gid: 0, name: 'root', home: '/', dataHome: undefined }, undefined, stateDir);
  rmSync(place, { recursive: true, force: true });
  try {
    rmdirSync(dirname(place));
  } catch {
    // another test's is there
  }
}
