/** Pausing and unpausing, by engines that can hang in it: then the kernel is told, and the run says whose fault it was. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult } from '../../scripts/engines/command.ts';
import { EngineFault, tellFault } from './fault.ts';
import { until, within } from './host.ts';

/** What to know of a container. */
export interface Pausable {
  /** As messages name it: `docker`. */
  engine: string;
  /** Asks the engine: `pause` or `unpause`, or for the state in one word. */
  ask: (question: 'pause' | 'unpause' | 'state') => Promise<CommandResult>;
  /** The host's pid of its first process. */
  init: () => number;
  /** How long it is waited for, in milliseconds of an idle machine. Default 5 s: no engine that is well takes longer. */
  patienceMs?: number;
}

/** A busy runc at times cannot ("unable to freeze"); it is asked so often. */
const attempts = 3;

/** Pauses it. Throws an EngineFault where the engine hangs or fails halfway each time; then the container goes on. */
export async function pause(container: Pausable): Promise<void> {
  let told: string | undefined;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    told = await change(container, 'pause');
    if (told === undefined) return;
  }
  throw new EngineFault(told ?? '');
}

/** Lets it go on, whatever its engine does; the run tells what that was. */
export const unpause = async (container: Pausable): Promise<void> =>
  void (await change(container, 'unpause'));

/** Asks for it; where that does not help the container is thawed past its engine. Returns what was told. */
async function change(container: Pausable, verb: 'pause' | 'unpause'): Promise<string | undefined> {
  const asked = container.ask(verb);
  const ms = container.patienceMs ?? 5000;
  const answer = await inTime(asked, ms);
  if (answer?.code === 0) return undefined;
  const said = answer ? `exit ${answer.code}: ${answer.stderr.trim()}` : `no answer within ${within(ms)} ms`;
  const told = `${container.engine} ${verb}: ${said}`;
  tellFault(`${told}; the kernel was told to let the container go on`);
  await goOn(container, asked);
  return told;
}

/** The answer, or nothing where none came in time. */
async function inTime(asked: Promise<CommandResult>, ms: number): Promise<CommandResult | undefined> {
  let answer: CommandResult | undefined;
  void asked.then((come) => {
    answer = come;
  });
  await until(() => answer, { what: 'the engine', ms }).catch(() => undefined);
  return answer;
}

/**
 * Thaws a container past its engine and waits until that agrees: docker 20.10 waits in `unpause` for an exec that was
 * frozen halfway, and holds all other questions up until then. Throws where even that does not help.
 */
async function goOn({ engine, ask, init }: Pausable, asked: Promise<unknown>): Promise<void> {
  tellKernel(init(), 'thaw');
  await asked;
  const runs = async () => {
    const { stdout } = await ask('state');
    if (stdout.trim() !== 'paused') return stdout.trim() === 'running';
    // it unpauses nothing that is not frozen
    tellKernel(init(), 'freeze');
    await ask('unpause');
    tellKernel(init(), 'thaw');
    return false;
  };
  await until(runs, { what: `${engine} to agree that its container goes on`, ms: 60_000 });
}

/** What holds the processes of a control group (freezer-subsystem.rst, cgroup-v2.rst), by its hierarchy in /proc/<pid>/cgroup. */
const freezers: Readonly<Record<string, { root: string; file: string; freeze: string; thaw: string }>> = {
  freezer: { root: '/sys/fs/cgroup/freezer', file: 'freezer.state', freeze: 'FROZEN', thaw: 'THAWED' },
  '': { root: '/sys/fs/cgroup', file: 'cgroup.freeze', freeze: '1', thaw: '0' },
};

/** The file that holds the control group of a process, and its words; none where that is the whole machine's. */
function freezersOf(pid: number): { path: string; freeze: string; thaw: string }[] {
  return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, hierarchy = '-', group = '/'] = line.split(':');
      const freezer = freezers[hierarchy];
      if (freezer === undefined || group === '/') return [];
      const path = join(freezer.root, group, freezer.file);
      return existsSync(path) ? [{ ...freezer, path }] : [];
    });
}

function tellKernel(pid: number, what: 'freeze' | 'thaw'): void {
  for (const freezer of freezersOf(pid)) writeFileSync(freezer.path, freezer[what]);
}

/** Is the control group of this process frozen, by the kernel's word? */
export const isFrozen = (pid: number): boolean =>
  freezersOf(pid).some(({ path, freeze }) => readFileSync(path, 'utf8').trim() === freeze);
