/** What may differ between a call here and the same call through the shim, and nothing else. */
import { join } from 'node:path';
import { type Report, readReport } from '../../harness/report.ts';
import type { Seen, Stage } from './call.ts';
import { type Case, forwardedNames, type Place } from './case.ts';

/** Everything about a call that must be equal, as text that a diff can show. */
export interface Observation {
  status: number | string;
  args: string[];
  /** What of the environment was chosen for this call. */
  env: string[];
  cwd: string;
  umask: string;
  terminal: readonly boolean[];
  oneOutput: boolean;
  descriptors: number[];
  ignored: number[];
  blocked: number[];
  stdout: string;
  stderr: string;
}

const end = '\nend\n';

/** What was seen here, with what is known to differ there put in its place. */
export function expected(stage: Stage, call: Case, here: Seen): Observation {
  const { report, ...rest } = split(call, here);
  if (report === undefined) return { ...rest, ...nothing };
  return {
    ...rest,
    ...observe(report),
    env: environmentOf(stage, call),
    cwd: insideOf(stage, call.place),
    // The session's HUP is how it is taken along when its caller goes, so it is not ignored in there.
    ignored: report.ignored.filter((number) => number !== 1),
    // What the caller holds open above 2 stays on the host; what every process in there has is no difference.
    descriptors: [...report.fds.filter((fd) => fd < 3), ...stage.bare.fds.filter((fd) => fd > 2)].sort(
      (a, b) => a - b,
    ),
  };
}

export function observed(call: Case, there: Seen): Observation {
  const { report, ...rest } = split(call, there);
  return { ...rest, ...(report === undefined ? nothing : observe(report)) };
}

/** One line for each thing that is not the same, short enough to be read. */
export function differences(expected: Observation, observed: Observation): string[] {
  const short = (value: unknown) => JSON.stringify(value).replace(/^(.{300}).*(.{100})$/s, '$1 … $2');
  return (Object.keys(expected) as Array<keyof Observation>)
    .map((key) => [key, JSON.stringify(expected[key]), JSON.stringify(observed[key])] as const)
    .filter(([, here, there]) => here !== there)
    .map(([key]) => {
      const [here, there] = [expected[key], observed[key]];
      if (!Array.isArray(here) || !Array.isArray(there))
        return `${key}: ${short(here)} became ${short(there)}`;
      const all: unknown[][] = [here, there];
      const [lost = [], come = []] = all.map((one, index) =>
        one.filter((item) => !all[1 - index]?.includes(item)),
      );
      return `${key}: ${short(lost)} became ${short(come)} (${here.length} and ${there.length} of them)`;
    });
}

/** The container's own, and what was chosen of those that are forwarded. */
function environmentOf({ bare, container }: Stage, call: Case): string[] {
  const names = new Set([...forwardedNames, ...call.secrets.map(([name]) => name)]);
  const entries = bare.environ.map((entry) => entry.toString('latin1'));
  const env = new Map(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry]));
  for (const [name, value] of [...Object.entries(container.caller.env), ...call.env, ...call.secrets]) {
    if (names.has(name)) env.set(name, `${name}=${value.toString('latin1' as 'utf8')}`);
  }
  return [...env.values()].sort();
}

const nothing = {
  ...{ args: [], env: [], cwd: '', umask: '', terminal: [], oneOutput: false },
  ...{ descriptors: [], ignored: [], blocked: [] },
};

/** dash says this of a directory that is gone, as the shim's launcher and as the probe. */
const goneDirectory = /^\S+: 0: getcwd\(\) failed: No such file or directory\n/gm;

function split({ outputs, place }: Case, seen: Seen): Seen & { report: Report | undefined } {
  const plain = (text: string) => (place === 'deleted' ? text.replaceAll(goneDirectory, '') : text);
  const stderr = plain(seen.stderr);
  const at = seen.stdout.indexOf(end);
  if (outputs === 'null' || at < 0) return { ...seen, stderr, report: undefined };
  const report = seen.stdout.slice(0, at + end.length);
  const before = report.slice(0, report.search(/^argv /m));
  const stdout = plain(before) + seen.stdout.slice(at + end.length);
  return { status: seen.status, stdout, stderr, report: readReport(report) };
}

function observe(report: Report): Omit<Observation, 'status' | 'stdout' | 'stderr'> {
  return {
    args: report.argv.map((argument) => argument.toString('latin1')),
    env: report.environ
      .map((entry) => entry.toString('latin1'))
      .filter((entry) => !ownOf(report).test(entry))
      .sort(),
    cwd: report.cwd,
    umask: report.umask,
    terminal: report.terminal,
    oneOutput: report.files[1] === report.files[2],
    descriptors: [...report.fds].sort((a, b) => a - b),
    ignored: report.ignored,
    blocked: report.blocked,
  };
}

/** The session's mark, and the shell's word for the directory it is in. */
const ownOf = (report: Report): RegExp =>
  report.env.PWD === report.cwd ? /^(HERMES_SHIM_SESSION|PWD)=/ : /^HERMES_SHIM_SESSION=/;

/** Where hermes starts in the container: there, if it sees the directory and may enter it, else in its workspace. */
function insideOf({ container }: Stage, place: Place): string {
  const inside: Partial<Record<Place, string>> = {
    state: '/data',
    newline: '/data/workspace/a\nnewline \' " \\ $HOME ü',
    'no text': '/data/workspace/no\ufffd\ufffdtext',
    store: join(container.packageDir, 'bin'),
    mounted: '/data/workspace/nested/below',
  };
  return inside[place] ?? '/data/workspace';
}
