/**
 * How much the shim costs: side by side in one run with the bare engine, a bash function, a Python script and node.
 *
 *   bench [--modes=docker,podman-root] [--rounds=5] [--runs=8] [--node=/path/to/node] [--growth] [--chart]
 *
 * Prints markdown; `--growth` also what one call does not show, `--chart` draws docs/performance.svg of the same numbers.
 * Starts engines of its own (see engines.ts) and removes them. The containers are let grow old
 * first: a young one is asked whether it is ready, which is not what is measured here.
 */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawn, toChart } from './bench/chart.ts';
import { contestantsFor, type Executable, type Programs } from './bench/contestants.ts';
import { type Growth, grow } from './bench/growth.ts';
import { growthTables } from './bench/growth-table.ts';
import { measure } from './bench/measure.ts';
import { type Subject, startSubject } from './bench/subject.ts';
import { type Column, targetsTable, timesTable } from './bench/table.ts';
import { targetsOf } from './bench/targets.ts';
import { readConfig } from './binary/config.ts';
import { buildBinary } from './binary.ts';
import { must, plainEnv } from './engines/command.ts';
import { allModes, type EngineMode } from './engines/modes.ts';
import { setUpEngines } from './engines.ts';
import { ownArchitecture } from './runtimes.ts';

/** @returns what was asked for; a word that means nothing here ends the process with 2 */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        modes: { type: 'string', default: allModes.join(',') },
        rounds: { type: 'string', default: '5' },
        runs: { type: 'string', default: '8' },
        node: { type: 'string', default: process.execPath },
        growth: { type: 'boolean', default: false },
        chart: { type: 'boolean', default: false },
      },
    });
    const modes = values.modes.split(',');
    const unknown = modes.find((mode) => !(allModes as readonly string[]).includes(mode));
    if (unknown !== undefined)
      throw new Error(`there is no mode '${unknown}'; there are ${allModes.join(', ')}`);
    for (const name of ['rounds', 'runs'] as const)
      if (!/^[1-9]\d{0,5}$/.test(values[name])) throw new Error(`--${name} is '${values[name]}', no number`);
    return { ...values, modes };
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    process.exit(2);
  }
}

const values = readOptions();
const checkout = fileURLToPath(new URL('..', import.meta.url));
const say = (line: string) => console.error(line);
const print = (...parts: readonly string[]) => console.log(`${parts.join('\n\n')}\n`);

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

const wanted = allModes.filter((mode) => values.modes.includes(mode));
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
      mode: subject.mode,
      title: titles[subject.mode],
      contestants,
      samples: await measure(subject, contestants, plan),
    });
  }
  const version = (await must([programs.node, '--version'])).trim();
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, node ${version}`;
  // On a machine that has other things to do the medians say little; the processor time still compares.
  const load = `load ${began.toFixed(1)} at the start, ${loadavg()[0]?.toFixed(1)} at the end`;
  print(`${machine}, ${load}`, timesTable(columns, 'wall'), timesTable(columns, 'cpu'));
  const charted = columns.filter(({ mode }) => drawn.includes(mode));
  if (values.chart) writeFileSync(join(checkout, 'docs/performance.svg'), toChart(charted, machine));
  const growths = new Map<EngineMode, Growth>();
  for (const subject of values.growth ? subjects : []) {
    say(`measuring ${subject.mode}: many calls, a waiting session, a busy one`);
    const growth = await grow(withNode(subject, programs), programs);
    growths.set(subject.mode, growth);
    print(growthTables(titles[subject.mode], growth));
  }
  print(targetsTable(columns.flatMap((column) => targetsOf(column, growths.get(column.mode)))));
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
  const apiExec = join(dir, 'api-exec.cjs');
  copyFileSync(join(checkout, 'scripts/bench/api-exec.cjs'), apiExec);
  return {
    dir,
    node,
    apiExec,
    hermes: join(prefix, 'bin/hermes'),
    executables: [
      ...(await buildExecutable('single', 'single executable', dir)),
      ...(await buildExecutable('fast', 'fast executable', dir)),
    ],
  };
}

/** Built here, of the program as it is now; none where its runtime cannot be had. */
async function buildExecutable(key: Executable['key'], label: string, dir: string): Promise<Executable[]> {
  try {
    say(`building the ${label}`);
    const kind = key === 'fast' ? 'fast' : 'node';
    const made = await buildBinary(ownArchitecture(), readConfig(checkout), join(dir, key), kind);
    return [{ key, label, hermes: join(made, 'hermes') }];
  } catch (error) {
    say(`not measured, since it could not be built: ${(error as Error).message}`);
    return [];
  }
}

function withNode(subject: Subject, { node }: Programs): Subject {
  const { caller } = subject;
  const env = { ...caller.env, PATH: `${dirname(node)}:${caller.env.PATH}` };
  return { ...subject, caller: { ...caller, env } };
}
