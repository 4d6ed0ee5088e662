/** Making a managed container: real, started by a real engine, gone without a trace when it is disposed of. */
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineOf } from '../../scripts/engines/modes.ts';
import { askOwner, removal } from '../../scripts/engines/owner.ts';
import { call, currentCaller, identityOf } from './call.ts';
import { createArgs, removeTree, stateQuestion } from './create.ts';
import { idOf, isAlive, type ProcessFacts, until } from './host.ts';
import { askProcesses, processesOf } from './inside.ts';
import { installShim, shim } from './installed.ts';
import { forgetKnown } from './known.ts';
import { makeLayout, metadataText, withKeys } from './layout.ts';
import type { ContainerOptions, ManagedContainer } from './managed-container.ts';
import { type EngineMode, engines } from './modes.ts';
import { type Pausable, pause, unpause } from './pausing.ts';
import { openTerminal } from './pty.ts';

/** Makes a container and, unless told otherwise, waits until it is as ready as its options let it be. */
export async function makeContainer(
  mode: EngineMode,
  options: ContainerOptions = {},
): Promise<ManagedContainer> {
  let name = `hermes-${randomBytes(4).toString('hex')}`;
  const { user = 'hermes', userAfterMs = 0 } = options;
  const layout = makeLayout(mode, name, options);
  const caller = currentCaller(mode, {
    asUser: options.as === 'user',
    home: layout.callerHome,
    hermesHome: layout.hermesHome,
  });
  const ask = (args: readonly string[], input?: string) => askOwner(mode, engines, args, input);
  const engineCli = async (args: readonly string[], input?: string) => {
    const { code, stdout, stderr } = await ask(args, input);
    if (code !== 0) throw new Error(`${engineOf(mode)} ${args.join(' ')}: exit ${code}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const moduleText = (bin = layout.hermesBin) => metadataText(mode, name, user, bin);
  const metadata = options.metadata === false ? null : moduleText();
  if (metadata !== null) writeFileSync(layout.metadataFile, metadata);
  const image = options.layout === 'image';
  if (image && engines.asRoot)
    for (const path of [layout.home, join(layout.home, 'starts.log')])
      chownSync(path, caller.uid, caller.gid);
  const create = createArgs(mode, name, layout, options);
  let id = '';
  // Asking the engine for PID 1 takes longer than all the rest: once is enough for as long as it lives.
  let init = { pid: 0, startTime: '' };
  async function start(): Promise<void> {
    for (const mark of ['ready', 'user']) rmSync(join(layout.marks, mark), { force: true });
    await engineCli(['start', id]);
    await untilReady();
  }
  async function untilReady(): Promise<void> {
    const wanted = userAfterMs === 0 ? 'user' : 'ready';
    const last = (options.command ?? ['gateway', 'run']).at(-1) ?? '';
    const runs = ({ inner, argv }: ProcessFacts) => inner.pid !== 1 && argv.slice(1).includes(last);
    const there = image
      ? async () => (await processes()).some(runs)
      : () => existsSync(join(layout.marks, wanted));
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
    // what could not be started has a name alone
    await ask(removal(mode, [id || name]));
  }
  async function dispose(): Promise<void> {
    await remove();
    forgetKnown(layout.root);
    await removeTree(mode, layout.root);
  }
  const inspect: ManagedContainer['inspect'] = async () => {
    const [facts] = JSON.parse(await engineCli(['inspect', '--type', 'container', id]));
    return facts;
  };
  const exec: ManagedContainer['exec'] = (argv, { user: as = user, input } = {}) =>
    ask(['exec', ...(input === undefined ? [] : ['-i']), '-u', as, id, ...argv], input);
  async function processes(): Promise<ProcessFacts[]> {
    if (!engines.asRoot) return askProcesses((argv) => exec(argv, { user: '0' }));
    if (!isAlive(init)) init = idOf((await inspect()).State.Pid);
    return isAlive(init) ? processesOf(init.pid) : [];
  }
  try {
    // one command where two would do: a podman takes its time to begin
    id = await engineCli(options.start === false ? create : ['run', '-d', ...create.slice(1)]);
    if (options.start !== false) await untilReady();
  } catch (error) {
    await dispose();
    throw error;
  }

  const sessionProcesses = async () => (await processes()).filter(({ inner }) => inner.sid !== 1);
  const logFiles = [...new Set([layout.home, layout.hermesHome])].map((dir) => join(dir, 'starts.log'));
  const session: ManagedContainer['session'] = async (args, { name: shimName = 'hermes', ...rest } = {}) =>
    call(caller, [await shim(shimName), ...args], rest);
  const simple =
    (verb: string, ...extra: string[]) =>
    async () =>
      void (await engineCli([verb, ...extra, id]));
  const pausable: Pausable = {
    engine: engineOf(mode),
    ask: (verb) => ask(verb === 'state' ? stateQuestion(id) : [verb, id]),
    init: () => init.pid,
  };

  return {
    ...layout,
    mode,
    engine: engineOf(mode),
    get name() {
      return name;
    },
    get id() {
      return id;
    },
    metadata,
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
    sessionProcesses,
    async untilNoGuests(ms = 10_000) {
      const gone = async () => (await sessionProcesses()).length === 0;
      await until(gone, { ms, what: `container ${name} to be without sessionProcesses` }).catch(
        async (error: Error) => {
          throw new Error(
            `${error.message}: ${JSON.stringify((await sessionProcesses()).map(({ inner, argv }) => [inner.pid, ...argv]))}`,
          );
        },
      );
    },
    start,
    stop: simple('stop', '-t', '5'),
    kill: simple('kill'),
    async pause() {
      // while it is paused its engine may not even say which its first process is
      if (!isAlive(init)) init = idOf((await inspect()).State.Pid);
      await pause(pausable);
    },
    unpause: () => unpause(pausable),
    async rename(newName) {
      await engineCli(['rename', id, newName]);
      name = newName;
    },
    remove,
    async create() {
      id = await engineCli(create);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** Without the keys whose value is undefined. */
function pick<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
