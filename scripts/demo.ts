/**
 * `npm run demo`: the shim at work on a throwaway managed container, with a stand-in for hermes. Takes the engine that
 * is there, or runs one of its own, and leaves nothing behind, whatever ends it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type DemoContainer, startContainer } from './demo/container.ts';
import { type DemoEngine, findEngine } from './demo/engine.ts';
import { type Scene, show } from './demo/show.ts';
import { beginRun, type Run } from './engines/run.ts';

const inside = 'in the container, as user hermes';

const scenes: readonly Scene[] = [
  { title: 'a plain call runs in the container', command: 'hermes --version', start: `${inside}: --version` },
  {
    title: 'in a pipe, as any local program',
    command: 'hermes sessions list | cat',
    start: `${inside}: sessions list`,
  },
  {
    title: "hermes's exit code is the shim's, and stderr is stderr",
    command: 'hermes sessions show nothing; echo "exit code $?"',
    start: `${inside}: sessions show nothing`,
  },
  {
    title: 'HERMES_DEV=1 runs the hermes of this host instead (here a stand-in, too)',
    command: 'HERMES_DEV=1 hermes --version',
    start: 'on this host: --version',
  },
  {
    title: 'what ends the call ends the session in the container as well',
    command: 'timeout 2 hermes wait </dev/null',
    codes: [124],
    start: `${inside}: wait`,
  },
];

const bare = ({ engine }: DemoEngine, { name }: DemoContainer): Scene => ({
  title: 'the same without the shim, for comparison: the session (sleep 1000) goes on',
  command: `timeout 2 ${engine} exec -i -u hermes ${name} /data/current-package/bin/hermes wait </dev/null`,
  codes: [124],
  start: `${inside}: wait`,
});

const chat: Scene = {
  title: 'your turn: a conversation, in a terminal in the container',
  command: 'hermes chat',
  codes: [0, 130],
  start: `${inside}: chat`,
};

async function main(run: Run, stop: AbortSignal): Promise<void> {
  console.log(
    'hermes-shim demo: a throwaway managed container, with a small shell script in the place of hermes\n',
  );
  const say = (line: string) => console.log(`  ${line}`);
  const engine = await findEngine(run.record, say, () => stop.throwIfAborted());
  stop.throwIfAborted();
  say(`engine:     ${engine.words}`);
  const container = startContainer(engine, run.record);
  say(`container:  ${container.name}`);
  say(`home:       ${container.env.HERMES_HOME}, its .container-mode names the container`);
  say('hermes:     the shim of this checkout, first on PATH');
  for (const scene of scenes) {
    stop.throwIfAborted();
    await show(scene, container, stop);
  }
  await untilNobodyWaits(container, stop);
  stop.throwIfAborted();
  if (await showProcesses(engine, container)) throw new Error('the session of hermes wait goes on');
  await show(bare(engine, container), container, stop);
  await showProcesses(engine, container);
  if (process.stdin.isTTY && process.stdout.isTTY) await show(chat, container, stop);
  else
    console.log(
      '\n# There is no terminal here, so no hermes chat: call this in one to talk to the stand-in.',
    );
}

/** Shows what runs in the container, as the engine itself sees it. Returns whether the stand-in waits in there. */
async function showProcesses(engine: DemoEngine, container: DemoContainer): Promise<boolean> {
  console.log(`$ ${engine.engine} exec ${container.name} ps -o args`);
  const processes = await container.processes();
  for (const line of processes) console.log(line);
  return processes.some(isWaiting);
}

const isWaiting = (line: string): boolean => line.startsWith('sleep 1000');

/** A session ends by itself; its last moment may be now, and 10 s are enough for all of it. */
async function untilNobodyWaits(container: DemoContainer, stop: AbortSignal): Promise<void> {
  const deadline = Date.now() + 10_000;
  while ((await container.processes()).some(isWaiting) && Date.now() < deadline) {
    stop.throwIfAborted();
    await pause(100);
  }
}

/** Everything between the first and the last trace of a demo on this machine. Returns the exit code, or what ended it. */
async function perform(): Promise<number | NodeJS.Signals> {
  const stop = new AbortController();
  let interruptedBy: NodeJS.Signals | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      interruptedBy ??= signal;
      stop.abort();
    });
  }
  // A closed terminal takes no more words, and cleaning up goes on without.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const faults: string[] = [];
  const told = (error: unknown) => faults.push(error instanceof Error ? error.message : String(error));
  const run = await beginRun((line) => console.log(line));
  try {
    await main(run, stop.signal);
  } catch (error) {
    told(error);
  }
  console.log(`\n${interruptedBy ? 'Interrupted: ' : ''}cleaning up …`);
  try {
    await run.sweep();
    console.log('Everything that was made for the demo is gone.');
  } catch (error) {
    told(error);
  }
  if (interruptedBy !== undefined) return interruptedBy;
  for (const fault of faults) console.error(`demo: ${fault}`);
  return faults.length === 0 ? 0 : 1;
}

const ending = await perform();
if (typeof ending === 'number') process.exit(ending);
process.removeAllListeners(ending);
process.kill(process.pid, ending);
