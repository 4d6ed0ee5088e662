/** What runs on this machine, read from /proc: no ps needed, and container processes are seen with both their pids. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export interface ProcessFacts {
  pid: number;
  ppid: number;
  pgid: number;
  sid: number;
  /** Foreground process group of its terminal, -1 without one. */
  tpgid: number;
  uid: number;
  /** R, S, D, T, Z, … as in proc(5). */
  state: string;
  /** Clock ticks since boot (field 22 of stat): together with the pid this names a process for ever. */
  startTime: string;
  argv: string[];
  /** pid and session id as seen in the innermost pid namespace. */
  inner: { pid: number; sid: number; pgid: number };
}

/** One process of this machine, or null where there is none (any more). */
export function processFacts(pid: number): ProcessFacts | null {
  try {
    const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
    return parseProcess(read('stat'), read('status'), read('cmdline'));
  } catch {
    return null;
  }
}

/** From the text of stat, status and cmdline in /proc/<pid>, read here or in a container. */
export function parseProcess(stat: string, status: string, cmdline: string): ProcessFacts {
  // The command name is in parentheses and may itself contain some: what follows the last one is safe to split.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const number = (index: number) => Number(fields[index]);
  const innermost = (key: string) => Number(status.match(new RegExp(`^${key}:.*?(\\d+)$`, 'm'))?.[1]);
  return {
    pid: Number.parseInt(stat, 10),
    ppid: number(1),
    pgid: number(2),
    sid: number(3),
    tpgid: number(5),
    uid: Number(status.match(/^Uid:\s+(\d+)/m)?.[1]),
    state: fields[0] ?? '?',
    startTime: fields[19] ?? '',
    argv: cmdline.split('\0').slice(0, -1),
    inner: { pid: innermost('NSpid'), sid: innermost('NSsid'), pgid: innermost('NSpgid') },
  };
}

/**
 * Every process of the machine except zombies, which are gone and only wait for a parent that looks.
 * `isWanted` is asked before anything is read of one: reading takes ten times as long as a look at a link.
 */
export function hostProcesses(isWanted: (pid: number) => boolean = () => true): ProcessFacts[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isWanted(pid))
    .map((pid) => processFacts(pid))
    .filter((process) => process !== null && process.state !== 'Z') as ProcessFacts[];
}

/** All that some processes have started, and what that has. */
export function processesBelow(pids: readonly number[]): ProcessFacts[] {
  const all = hostProcesses();
  const below = (parents: readonly number[]): ProcessFacts[] => {
    const children = all.filter(({ ppid }) => parents.includes(ppid));
    return children.length === 0 ? [] : [...children, ...below(children.map(({ pid }) => pid))];
  };
  // 0 is nobody, and everybody is below it
  return below(pids.filter((pid) => pid > 0));
}

export interface ProcessId {
  pid: number;
  startTime: string;
}

export const idOf = (pid: number): ProcessId => ({ pid, startTime: processFacts(pid)?.startTime ?? '' });

/** Is this very process still there? A reused pid does not count, nor does a zombie. */
export function isAlive({ pid, startTime }: ProcessId): boolean {
  const facts = processFacts(pid);
  return facts !== null && facts.startTime === startTime && facts.state !== 'Z';
}

/** Ends one process: TERM, and KILL after `graceMs`. Returns once it is gone. A reused pid is not touched. */
export async function endProcess(id: ProcessId, graceMs = 10_000): Promise<void> {
  const signal = (name: NodeJS.Signals) => {
    try {
      if (isAlive(id)) process.kill(id.pid, name);
    } catch {
      // It went away by itself.
    }
  };
  signal(graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
  const patience = Date.now() + graceMs;
  while (isAlive(id)) {
    if (Date.now() > patience) signal('SIGKILL');
    if (Date.now() > patience + 10_000)
      throw new Error(`process ${id.pid} does not end, not even by SIGKILL`);
    await pause(20);
  }
}
