import { readdirSync, readFileSync } from 'node:fs';
import type { Signs } from '../system/patience.ts';
import { statField } from '../system/stat.ts';

/** What counts of a process of this machine. */
export type Facts = {
  readonly parent: number;
  /** its name as the kernel has it, of 15 characters at most */
  readonly name: string;
  /** processor time that it and its children that have ended used so far, in milliseconds */
  readonly usedMs: number;
  /** one of its threads runs, waits for a processor, or for a disk; looked at only in the command's own processes */
  readonly running: boolean;
};

/** All processes by pid. */
export type Census = ReadonlyMap<number, Facts>;

/** Linux's clock tick in milliseconds (proc(5)). */
const tickMs = 10;

/** So much of one processor is work; an idle client of a session that goes on uses less. */
const workShare = 0.1;

/**
 * Whether a command is at work, or what it waits for is: podman's commands wait for each other's locks. Those are
 * known by the name of what the command has become (podman, also behind sudo or a wrapper).
 */
export function signsOf(pid: number): Signs {
  let [before, at] = [takeCensus(pid), process.uptime()];
  return {
    watch: () => {
      [before, at] = [takeCensus(pid), process.uptime()];
    },
    seen: () => isAtWork(pid, before, takeCensus(pid), (process.uptime() - at) * 1000),
  };
}

/** Compares two looks, `ms` milliseconds apart, at a command and whoever has the name of what it has become. */
export function isAtWork(pid: number, before: Census, now: Census, ms: number): boolean {
  const own = treeOf(pid, now);
  if (own.some((member) => now.get(member)?.running)) return true;
  const last = own.filter((member) => !own.some((other) => now.get(other)?.parent === member));
  const names = new Set(last.map((member) => now.get(member)?.name));
  let usedMs = 0;
  for (const [id, facts] of now)
    if (own.includes(id) || names.has(facts.name)) usedMs += facts.usedMs - (before.get(id)?.usedMs ?? 0);
  return usedMs >= ms * workShare;
}

/** A process and all below it. */
function treeOf(root: number, census: Census): readonly number[] {
  const tree = census.has(root) ? [root] : [];
  for (const member of tree) for (const [id, { parent }] of census) if (parent === member) tree.push(id);
  return tree;
}

/** Looks at every process that this user may see; at the threads of the command's own. */
function takeCensus(pid: number): Census {
  const census = new Map<number, Facts>();
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) ? read(`/proc/${entry}/stat`) : '';
    if (stat === '') continue;
    census.set(Number(entry), {
      parent: Number(statField(stat, 4)),
      name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
      usedMs: [14, 15, 16, 17].reduce((sum, field) => sum + Number(statField(stat, field)), 0) * tickMs,
      running: false,
    });
  }
  for (const member of treeOf(pid, census)) {
    const facts = census.get(member);
    if (facts) census.set(member, { ...facts, running: hasRunningThread(member) });
  }
  return census;
}

function hasRunningThread(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) =>
      ['R', 'D'].includes(statField(read(`/proc/${pid}/task/${thread}/stat`), 3)),
    );
  } catch {
    return false;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
