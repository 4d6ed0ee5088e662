/**
 * How much the shim costs: side by side in one run with the bare engine, a bash function, a Python script and node.
 *
 *   bench [--modes=docker,podman-root] [--rounds=5] [--runs=8] [--node=/path/to/node] [--growth]
 *
 * Prints markdown. Starts engines of its own (see engines.ts) and removes them. The containers are let grow old
 * first: a young one is asked whether it is ready, which is not what is measured here.
 */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { contestantsFor, type Programs } from './bench/contestants.ts';
import { memoryOfASession, together } from './bench/growth.ts';
import { measure } from './bench/measure.ts';
import { type Subject, startSubject, writeMetadata } from './bench/subject.ts';
import { type Column, targetsTable, timesTable } from './bench/table.ts';
import { must, plainEnv } from './engines/command.ts';
import { allModes, type EngineMode } from './engines/modes.ts';
import { setUpEngines } from './engines.ts';

const { values } = parseArgs({
  options: {
    modes: { type: 'string', default: allModes.join(',') },
    rounds: { type: 'string', default: '5' },
    runs: { type: 'string', default: '8' },
    node: { type: 'string', default: process.execPath },
    growth: { type: 'boolean', default: false },
  },
});
const checkout = fileURLToPath(new URL('..', import.meta.url));
const say = (line: string) => console.error(line);

const titles: Record<EngineMode, string> = {
  docker: 'docker',
  'docker-client': 'docker by its client',
  'podman-root': 'podman as root',
  'podman-sudo': 'podman by sudo',
  'podman-rootless': 'podman rootless',
  'podman-socket': 'podman by its socket',
};

/** A container younger than this is asked whether it is ready. */
const youthMs = 120_000;

const wanted = allModes.filter((mode) => values.modes.split(',').includes(mode));
const engines = await setUpEngines({ modes: wanted, say });
try {
  const modes = wanted.filter((mode) => engines.modes[mode].available);
  const subjects = await Promise.all(modes.map((mode) => startSubject(mode, engines)));
  const old = Date.now() + youthMs + 1000;
  const programs = await install(join(engines.dir, 'bench'));
  say(`waiting ${Math.ceil((old - Date.now()) / 1000)} s until the containers are no longer young`);
  await pause(Math.max(0, old - Date.now()));
  const columns: Column[] = [];
  const [began = 0] = loadavg();
  for (const subject of subjects.map((each) => withNode(each, programs))) {
    say(`measuring ${subject.mode}`);
    const contestants = contestantsFor(subject, programs);
    const plan = { rounds: Number(values.rounds), runs: Number(values.runs), dir: programs.dir };
    columns.push({
      title: titles[subject.mode],
      contestants,
      samples: await measure(subject, contestants, plan),
    });
  }
  const version = (await must([programs.node, '--version'])).trim();
  // On a machine that has other things to do the medians say little; the processor time still compares.
  const load = `load ${began.toFixed(1)} at the start, ${loadavg()[0]?.toFixed(1)} at the end`;
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, node ${version}, ${load}\n`);
  const tables = [timesTable(columns, 'wall'), targetsTable(columns), timesTable(columns, 'cpu')];
  console.log(tables.join('\n\n'));
  if (values.growth) for (const subject of subjects) await grow(withNode(subject, programs), programs);
} finally {
  await engines.tearDown();
}

/** The built package as npm installs it for everybody, and this node beside it under a name that all callers reach. */
async function install(dir: string): Promise<Programs> {
  mkdirSync(dir, { recursive: true });
  const env = plainEnv(dir);
  const npm = { env: { ...env, PATH: `${dirname(process.execPath)}:${env.PATH}` }, cwd: checkout };
  if (!existsSync(join(checkout, 'dist')))
    throw new Error('the shim has not been built: run `npm run build` first');
  const packed = await must(['npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', dir], npm);
  const tarball = join(dir, packed.trim().split('\n').at(-1) ?? '');
  const prefix = join(dir, 'npm');
  await must(['npm', 'install', '--silent', '--global', '--offline', '--prefix', prefix, tarball], npm);
  mkdirSync(join(dir, 'node'));
  const node = join(dir, 'node/node');
  copyFileSync(values.node, node);
  const single = join(checkout, `build/linux-${process.arch}/hermes`);
  if (existsSync(single)) await must(['cp', '-R', dirname(single), join(dir, 'single')]);
  return {
    dir,
    node,
    hermes: join(prefix, 'bin/hermes'),
    single: existsSync(single) ? join(dir, 'single/hermes') : undefined,
  };
}

function withNode(subject: Subject, { node }: Programs): Subject {
  const { caller } = subject;
  const env = { ...caller.env, PATH: `${dirname(node)}:${caller.env.PATH}` };
  return { ...subject, caller: { ...caller, env } };
}

async function grow(subject: Subject, programs: Programs): Promise<void> {
  const contestants = contestantsFor(subject, programs);
  const argvOf = (key: string) => contestants.find((contestant) => contestant.key === key)?.argv ?? [];
  console.log(`\n${titles[subject.mode]}: milliseconds until all of so many calls at once have ended\n`);
  console.log(
    '| calls | bare exec | `hermes` | ratio | failed of 3 tries, bare and `hermes` |\n|--:|--:|--:|--:|--:|',
  );
  for (const count of [1, 10, 50]) {
    const bare = await together(subject, argvOf('bare'), count);
    const routed = await together(subject, argvOf('routed'), count);
    const times = [bare.ms.toFixed(0), routed.ms.toFixed(0), (routed.ms / bare.ms).toFixed(2)];
    console.log(`| ${[count, ...times, `${bare.failed}, ${routed.failed}`].join(' | ')} |`);
  }
  writeMetadata(subject, subject.pauseBin);
  const family = await memoryOfASession(subject, programs.hermes);
  writeMetadata(subject, subject.hermesBin);
  console.log('\n| a waiting session | resident, MB | of it its own, MB |\n|---|--:|--:|');
  for (const { who, resident, own } of family)
    console.log(`| ${who} | ${resident.toFixed(1)} | ${own.toFixed(1)} |`);
}
