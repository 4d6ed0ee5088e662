/**
 * Real engines for the tests and the demo: docker and podman, six ways in.
 *
 *   engines            set up, print what there is, stay until Ctrl-C, remove everything
 *   engines install    only install what is missing (Debian, root)
 *   engines sweep DIR  remove what a run that died left behind (all of them without DIR)
 */
import { pathToFileURL } from 'node:url';
import { asRootUser } from './engines/as-root.ts';
import { asOrdinaryUser } from './engines/as-user.ts';
import { allModes, type EngineFacts, type EngineMode } from './engines/modes.ts';
import { installPackages, isDebian } from './engines/packages.ts';
import { deadRecords, readRecord } from './engines/record.ts';
import { beginRun } from './engines/run.ts';
import { tearDownRecord } from './engines/teardown.ts';

export { allModes, type EngineFacts, type EngineMode, type ImageName, type Person } from './engines/modes.ts';

export interface Engines extends EngineFacts {
  /** Removes containers, engines, users, files; the run's directory last. */
  tearDown(): Promise<void>;
}

export interface SetUpOptions {
  /** Which ways are wanted. Default: all. The others are reported as unavailable and cost nothing. */
  modes?: readonly EngineMode[];
  /** Progress, one line each. Default: silence. */
  say?: (line: string) => void;
  /** Is a way that cannot be started an error? Default: with CI in the environment. */
  strict?: boolean;
}

/**
 * Sets up the engines for one run. As root on Debian it installs and starts what is missing; elsewhere it takes what
 * is there. Throws when nothing can be set up at all, or (strict) when one wanted way cannot.
 */
export async function setUpEngines(options: SetUpOptions = {}): Promise<Engines> {
  const {
    modes: wanted = allModes,
    say = () => {},
    strict = !['', 'false', undefined].includes(process.env.CI),
  } = options;
  const { record, tearDown } = await beginRun(say);
  try {
    const asRoot = process.getuid?.() === 0;
    if (asRoot && isDebian()) await installPackages(say);
    const facts = asRoot ? await asRootUser(record, wanted) : await asOrdinaryUser(record, wanted);
    const missing = wanted.flatMap((mode) => {
      const state = facts.modes[mode];
      return state.available ? [] : [`${mode}: ${state.why}`];
    });
    for (const line of missing) say(`not available: ${line}`);
    if (strict && missing.length > 0)
      throw new Error(`engines that CI must test cannot be started:\n  ${missing.join('\n  ')}`);
    return { ...facts, tearDown };
  } catch (error) {
    await tearDown();
    throw error;
  }
}

const usage = 'engines [install | sweep [DIR]]';

function recordIn(dir: string) {
  const record = readRecord(dir);
  if (record === null) throw new Error(`${dir} is not the directory of a run`);
  return record;
}

async function main([command, dir, ...more]: string[]): Promise<void> {
  if (more.length > 0 || !['install', 'sweep', undefined].includes(command) || (dir && command !== 'sweep'))
    throw new Error(`usage: ${usage}`);
  const say = (line: string) => console.log(line);
  if (command === 'install') return installPackages(say);
  if (command === 'sweep') {
    for (const dead of dir === undefined ? deadRecords() : [recordIn(dir)]) await tearDownRecord(dead);
    return;
  }
  const { tearDown, ...facts } = await setUpEngines({ say });
  console.log(JSON.stringify(facts, null, 2));
  console.log('Ctrl-C ends them.');
  const stay = setInterval(() => {}, 1 << 30);
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve);
  });
  clearInterval(stay);
  await tearDown();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
