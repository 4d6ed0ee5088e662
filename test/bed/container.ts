/** A managed container for one test: real, started by a real engine, gone without a trace when the test is over. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandResult } from '../../scripts/engines/command.ts';
import { askOwner, removal } from '../../scripts/engines/owner.ts';
import { engineOf, type ImageName, labelOf } from '../../scripts/engines/ways.ts';
import {
  type Caller,
  type CallOptions,
  call,
  callerOf,
  type Ended,
  identityOf,
  type Running,
} from './call.ts';
import { idOf, isAlive, type ProcessFacts, until } from './host.ts';
import { askProcesses, processesOf } from './inside.ts';
import { installShim, type ShimName, shim } from './installed.ts';
import { type Layout, type LayoutOptions, type Mount, makeLayout, metadataText } from './layout.ts';
import { openTerminal, type Terminal, type TerminalOptions } from './pty.ts';
import { engines, type Way } from './ways.ts';

/** The exec_user's uid inside: nobody's on the host. */
export const hermesUid = 4242;

export interface ContainerOptions extends LayoutOptions {
  /** Who calls docker: root (default), or an ordinary user whom the socket's group admits. */
  as?: 'root' | 'user';
  /** Which /bin/sh. Default: dash, as in the real image. */
  image?: ImageName;
  /** The entrypoint makes the user so many milliseconds after the start, or never. Default: at once, and it is waited for. */
  userAfterMs?: number | 'never';
  /** false: no metadata is written. */
  metadata?: false;
  /** false: created, not started. */
  start?: false;
  mounts?: readonly Mount[];
  /** Added to the container's environment; undefined takes a variable of the layout's away. */
  env?: Record<string, string | undefined>;
  workdir?: string;
  engineArgs?: readonly string[];
}

export type HermesOptions = CallOptions & { name?: ShimName };
export type HermesTerminalOptions = Omit<TerminalOptions, 'argv' | 'uid' | 'gid' | 'env'> &
  Pick<CallOptions, 'env' | 'node'> & { name?: ShimName };

export interface ManagedContainer extends Layout, AsyncDisposable {
  way: Way;
  engine: 'docker' | 'podman';
  /** As it is called now, `rename` included. */
  readonly name: string;
  readonly id: string;
  user: string;
  caller: Caller;
  /** Calls the installed shim as the caller and waits for its end. */
  hermes(args: readonly string[], options?: HermesOptions): Promise<Ended>;
  /** The same, still running. */
  session(args: readonly string[], options?: HermesOptions): Promise<Running>;
  /** The same in a terminal. */
  terminal(args: readonly string[], options?: HermesTerminalOptions): Promise<Terminal>;
  /** Runs sh code as the caller, with the shim on PATH. */
  shell(script: string, options?: CallOptions): Promise<Running>;
  /** Runs any command as the caller; needs no shim. */
  call(argv: readonly string[], options?: CallOptions): Running;
  /** uid, gid, env and cwd of the caller, for spawn and openTerminal. */
  identity(options?: Pick<CallOptions, 'env' | 'cwd' | 'node'>): ReturnType<typeof identityOf>;
  /** The owner's engine command. Throws where it fails, except for `ask`. Returns stdout, trimmed. */
  engineCli(args: readonly string[], input?: string): Promise<string>;
  ask(args: readonly string[], input?: string): Promise<CommandResult>;
  /** The bare engine's exec as `user` (default: the exec_user), without any shim. */
  exec(argv: readonly string[], options?: { user?: string; input?: string }): Promise<CommandResult>;
  inspect(): Promise<Record<string, unknown> & { State: { Status: string; Pid: number; Running: boolean } }>;
  logs(): Promise<string>;
  /** Replaces the metadata: any text, or single keys of what the module would write. */
  writeMetadata(content: string | Record<string, string>): void;
  /** One line per start of the probe: pid, name, first word. Proves at most once. */
  starts(): string[];
  forgetStarts(): void;
  /** Everything that runs inside, PID 1 included. */
  processes(): Promise<ProcessFacts[]>;
  /** What was brought in from outside by an exec, and its descendants: everything not in PID 1's session. */
  guests(): Promise<ProcessFacts[]>;
  /** Waits until there are none. Default 10 s. */
  untilNoGuests(ms?: number): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  rename(name: string): Promise<void>;
  remove(): Promise<void>;
}

const entrypoint = readFileSync(fileURLToPath(new URL('entrypoint.sh', import.meta.url)), 'utf8');

/** Makes a container and, unless told otherwise, waits until it is as ready as its options let it be. */
export async function managedContainer(way: Way, options: ContainerOptions = {}): Promise<ManagedContainer> {
  let name = `hermes-${randomBytes(4).toString('hex')}`;
  const { user = 'hermes', userAfterMs = 0 } = options;
  const layout = makeLayout(way, name, options);
  const caller = callerOf(way, {
    asUser: options.as === 'user',
    home: layout.callerHome,
    hermesHome: layout.hermesHome,
  });
  const ask = (args: readonly string[], input?: string) => askOwner(way, engines, args, input);
  const engineCli = async (args: readonly string[], input?: string) => {
    const { code, stdout, stderr } = await ask(args, input);
    if (code !== 0) throw new Error(`${engineOf(way)} ${args.join(' ')}: exit ${code}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const moduleText = (bin = layout.hermesBin) => metadataText(way, name, user, bin);
  if (options.metadata !== false) writeFileSync(layout.metadataFile, moduleText());
  const create = createArgs(way, name, layout, options);
  let id = '';
  try {
    id = await engineCli(create);
    if (options.start !== false) await start();
  } catch (error) {
    await dispose();
    throw error;
  }

  async function start(): Promise<void> {
    for (const mark of ['ready', 'user']) rmSync(join(layout.marks, mark), { force: true });
    await engineCli(['start', id]);
    const wanted = userAfterMs === 0 ? 'user' : 'ready';
    const there = () => existsSync(join(layout.marks, wanted));
    await until(there, { ms: 30_000, what: `container ${name} to be ${wanted}` }).catch(
      async (error: Error) => {
        throw new Error(`${error.message}\n${await logs()}`);
      },
    );
  }
  async function logs(): Promise<string> {
    const { stdout, stderr } = await ask(['logs', id]);
    return stdout + stderr;
  }
  async function remove(): Promise<void> {
    if (id !== '') await ask(removal(way, [id]));
  }
  async function dispose(): Promise<void> {
    await remove();
    await removeTree(way, layout.root);
  }
  const inspect: ManagedContainer['inspect'] = async () => {
    const [facts] = JSON.parse(await engineCli(['inspect', '--type', 'container', id]));
    return facts;
  };
  const exec: ManagedContainer['exec'] = (argv, { user: as = user, input } = {}) =>
    ask(['exec', ...(input === undefined ? [] : ['-i']), '-u', as, id, ...argv], input);
  // Asking the engine for PID 1 takes longer than all the rest: once is enough for as long as it lives.
  let init = { pid: 0, startTime: '' };
  async function processes(): Promise<ProcessFacts[]> {
    if (!engines.asRoot) return askProcesses((argv) => exec(argv, { user: '0' }));
    if (!isAlive(init)) init = idOf((await inspect()).State.Pid);
    return isAlive(init) ? processesOf(init.pid) : [];
  }
  const guests = async () => (await processes()).filter(({ inner }) => inner.sid !== 1);
  const logFiles = [...new Set([layout.home, layout.hermesHome])].map((dir) => join(dir, 'starts.log'));
  const session: ManagedContainer['session'] = async (args, { name: shimName = 'hermes', ...rest } = {}) =>
    call(caller, [await shim(shimName), ...args], rest);
  const simple =
    (verb: string, ...extra: string[]) =>
    async () =>
      void (await engineCli([verb, ...extra, id]));

  return {
    ...layout,
    way,
    engine: engineOf(way),
    get name() {
      return name;
    },
    get id() {
      return id;
    },
    user,
    caller,
    session,
    hermes: async (args, callOptions) => (await session(args, callOptions)).ended,
    async terminal(args, { name: shimName = 'hermes', env, node, cwd, ...rest } = {}) {
      const argv = [await shim(shimName), ...args];
      return openTerminal({ ...rest, ...identityOf(caller, pick({ env, node, cwd })), argv });
    },
    async shell(script, callOptions) {
      await installShim();
      return call(caller, ['/bin/sh', '-c', script], callOptions);
    },
    call: (argv, callOptions) => call(caller, argv, callOptions),
    identity: (identityOptions) => identityOf(caller, identityOptions),
    engineCli,
    ask,
    exec,
    inspect,
    logs,
    writeMetadata(content) {
      const text = typeof content === 'string' ? content : withKeys(moduleText(), content);
      writeFileSync(layout.metadataFile, text);
    },
    starts: () =>
      logFiles.flatMap((file) => readFileSync(file, 'utf8').split('\n')).filter((line) => line !== ''),
    forgetStarts: () => logFiles.forEach((file) => void writeFileSync(file, '')),
    processes,
    guests,
    async untilNoGuests(ms = 10_000) {
      const gone = async () => (await guests()).length === 0;
      await until(gone, { ms, what: `container ${name} to be without guests` }).catch(
        async (error: Error) => {
          throw new Error(
            `${error.message}: ${JSON.stringify((await guests()).map(({ inner, argv }) => [inner.pid, ...argv]))}`,
          );
        },
      );
    },
    start,
    stop: simple('stop', '-t', '5'),
    kill: simple('kill'),
    pause: simple('pause'),
    unpause: simple('unpause'),
    async rename(newName) {
      await engineCli(['rename', id, newName]);
      name = newName;
    },
    remove,
    [Symbol.asyncDispose]: dispose,
  };
}

function createArgs(way: Way, name: string, layout: Layout, options: ContainerOptions): string[] {
  const { user = 'hermes', userAfterMs = 0, image = 'dash', mounts = [], engineArgs = [], workdir } = options;
  const env = Object.entries({ ...layout.env, ...options.env }).filter(([, value]) => value !== undefined);
  const volumes = [...layout.mounts, ...mounts].map(
    ({ source, destination, readOnly }) => `${source}:${destination}${readOnly === true ? ':ro' : ''}`,
  );
  const delay = userAfterMs === 'never' ? 'never' : String(userAfterMs / 1000);
  // Root inside rootless podman is the caller, and so is its group.
  const group =
    way === 'podman-rootless' ? 0 : way === 'podman-sudo' ? engines.sudoUser.gid : engines.callerUser.gid;
  return [
    ['create', '--name', name, '--network=host', '--label', labelOf(engines.run)],
    env.flatMap(([key, value]) => ['-e', `${key}=${value}`]),
    volumes.flatMap((volume) => ['-v', volume]),
    workdir === undefined ? [] : ['-w', workdir],
    [...engineArgs, engines.images[image], '/bin/sh', '-c', entrypoint, 'entrypoint'],
    [user, String(hermesUid), String(group), delay, layout.marksInside, ...layout.owned],
  ].flat();
}

/** `text` with the values of some keys replaced, and unknown keys added. */
function withKeys(text: string, keys: Record<string, string>): string {
  const known = text.replace(/^(\w+)=.*$/gm, (line, key: string) =>
    keys[key] === undefined ? line : `${key}=${keys[key]}`,
  );
  const added = Object.keys(keys).filter((key) => !known.includes(`${key}=`));
  return known + added.map((key) => `${key}=${keys[key]}\n`).join('');
}

/** Files inside may belong to subordinate ids: what we may not remove, root in a container may. */
async function removeTree(way: Way, dir: string): Promise<void> {
  try {
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    const clear = ['sh', '-c', 'rm -rf /bed/* /bed/.[!.]*'];
    await askOwner(way, engines, [
      'run',
      '--rm',
      '--network=host',
      '-v',
      `${dir}:/bed`,
      engines.images.dash,
      ...clear,
    ]);
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Without the keys whose value is undefined. */
function pick<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
