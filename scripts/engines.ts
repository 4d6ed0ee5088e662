/**
 * Real engines for the tests and the demo: docker and podman, four ways in.
 *
 *   engines            set up, print what there is, stay until Ctrl-C, remove everything
 *   engines install    only install what is missing (Debian, root)
 *   engines sweep DIR  remove what a run that died left behind (all of them without DIR)
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findCommand } from './engines/command.ts';
import { startDockerd } from './engines/dockerd.ts';
import { postGuard } from './engines/guard.ts';
import { packImages } from './engines/image.ts';
import { canRun, importImage, type OwnerFacts, ourselves } from './engines/owner.ts';
import { installPackages, isDebian } from './engines/packages.ts';
import { othersNeedSettings, writeSystemSettings, writeUserSettings } from './engines/podman.ts';
import { beginRecord, deadRecords, type RunRecord, readRecord, saveRecord } from './engines/record.ts';
import { tearDownRecord } from './engines/teardown.ts';
import { allowSudo, createUser } from './engines/users.ts';
import { type Availability, allWays, type EngineFacts, type ImageName, type Way } from './engines/ways.ts';

export { allWays, type EngineFacts, type ImageName, type Person, type Way } from './engines/ways.ts';

export interface Engines extends EngineFacts {
  /** Removes containers, engines, users, files; the run's directory last. */
  tearDown(): Promise<void>;
}

export interface SetUpOptions {
  /** Which ways are wanted. Default: all. The others are reported as unavailable and cost nothing. */
  ways?: readonly Way[];
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
    ways: wanted = allWays,
    say = () => {},
    strict = !['', 'false', undefined].includes(process.env.CI),
  } = options;
  // Users other than root must reach what the run makes, whatever the umask of whoever started it.
  process.umask(0o022);
  for (const dead of deadRecords()) {
    say(`removing what a run that died left behind: ${dead.dir}`);
    await tearDownRecord(dead);
  }
  const asRoot = process.getuid?.() === 0;
  if (asRoot && isDebian()) await installPackages(say);
  const record = beginRecord();
  const guard = postGuard(record.dir);
  const tearDown = async () => {
    await tearDownRecord(record);
    guard.dismiss();
  };
  try {
    const facts = asRoot ? await asRootUser(record, wanted) : await asOrdinaryUser(record, wanted);
    const missing = wanted.flatMap((way) => {
      const state = facts.ways[way];
      return state.available ? [] : [`${way}: ${state.why}`];
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

type Tars = Record<ImageName, string>;

async function asRootUser(record: RunRecord, wanted: readonly Way[]): Promise<EngineFacts> {
  const packing = pack(record);
  const callerUser = await createUser(record, `hermes-bed-${record.run}`);
  const sudoUser = await createUser(record, `hermes-bed-${record.run}-sudo`);
  const base: OwnerFacts = { asRoot: true, dockerHost: null, callerUser };
  const tars = await packing;
  const [docker, podman] = await Promise.all([
    tested(wanted, 'docker', async () => {
      const facts = { ...base, dockerHost: await startDockerd(record, callerUser), run: record.run };
      return loadAndRun('docker', facts, record, tars);
    }),
    podmans(record, wanted, { ...base, run: record.run }, tars, async (path) =>
      allowSudo(record, sudoUser, path),
    ),
  ]);
  return {
    ...factsOf(record),
    ways: { docker, ...podman },
    dockerHost: record.dockerd === null ? null : `unix://${record.dir}/docker/sock`,
    asRoot: true,
    callerUser,
    sudoUser,
  };
}

async function podmans(
  record: RunRecord,
  wanted: readonly Way[],
  facts: OwnerFacts & { run: string },
  tars: Tars,
  allow: (podman: string) => Promise<void>,
) {
  const podman = findCommand('podman');
  const attemptRoot = () => loadAndRun('podman-root', facts, record, tars);
  const rootful = await tested(
    [...wanted, ...(wanted.includes('podman-sudo') ? (['podman-root'] as const) : [])],
    'podman-root',
    async () => {
      if (podman === null) throw new Error('no podman on this machine');
      record.podmans.push('root');
      saveRecord(record);
      if (othersNeedSettings()) writeSystemSettings(record);
      const first = await attemptRoot();
      if (first.available || record.files.some((file) => file.endsWith('.conf'))) return first;
      writeSystemSettings(record);
      return attemptRoot();
    },
  );
  const sudo = await tested(wanted, 'podman-sudo', async () => {
    if (podman === null || !rootful.available) return rootful;
    await allow(podman);
    return rootful;
  });
  const rootless = await tested(wanted, 'podman-rootless', async () => {
    if (podman === null) throw new Error('no podman on this machine');
    const first = await loadAndRun('podman-rootless', facts, record, tars);
    if (first.available) return first;
    writeUserSettings(facts.callerUser);
    return loadAndRun('podman-rootless', facts, record, tars);
  });
  return { 'podman-root': rootful, 'podman-sudo': sudo, 'podman-rootless': rootless };
}

/** Somebody's laptop: their docker, their podman, their sudo. Nothing is installed, nobody is created. */
async function asOrdinaryUser(record: RunRecord, wanted: readonly Way[]): Promise<EngineFacts> {
  const person = ourselves();
  const facts = { asRoot: false, dockerHost: null, callerUser: person, run: record.run };
  const tars = await pack(record);
  record.ambientDocker = wanted.includes('docker');
  if (wanted.includes('podman-rootless')) record.podmans.push('self');
  if (wanted.includes('podman-sudo')) record.podmans.push('sudo');
  saveRecord(record);
  const ways = {
    docker: await tested(wanted, 'docker', () => loadAndRun('docker', facts, record, tars)),
    'podman-root': { available: false, why: 'only root can be root' } as const,
    'podman-sudo': await tested(wanted, 'podman-sudo', () => loadAndRun('podman-sudo', facts, record, tars)),
    'podman-rootless': await tested(wanted, 'podman-rootless', () =>
      loadAndRun('podman-rootless', facts, record, tars),
    ),
  };
  return { ...factsOf(record), ways, dockerHost: null, asRoot: false, callerUser: person, sudoUser: person };
}

function pack(record: RunRecord): Promise<Tars> {
  const dir = join(record.dir, 'images');
  mkdirSync(dir);
  record.images = Object.values(imagesOf(record));
  saveRecord(record);
  return packImages(dir);
}

/** Tagged with the run, so that a run that ends does not take away the images of one that goes on. */
const imagesOf = ({ run }: RunRecord): Record<ImageName, string> => ({
  dash: `hermes-shim-test:dash-${run}`,
  busybox: `hermes-shim-test:busybox-${run}`,
});

const factsOf = (record: RunRecord) => ({ run: record.run, dir: record.dir, images: imagesOf(record) });

async function loadAndRun(
  way: Way,
  facts: OwnerFacts & { run: string },
  record: RunRecord,
  tars: Tars,
): Promise<Availability> {
  const images = imagesOf(record);
  for (const name of ['dash', 'busybox'] as const) {
    const why = await importImage(way, facts, tars[name], images[name]);
    if (why !== null) return { available: false, why };
  }
  return canRun(way, facts, images.dash);
}

async function tested(
  wanted: readonly Way[],
  way: Way,
  test: () => Promise<Availability>,
): Promise<Availability> {
  if (!wanted.includes(way)) return { available: false, why: 'not asked for' };
  try {
    return await test();
  } catch (error) {
    return { available: false, why: error instanceof Error ? error.message : String(error) };
  }
}

async function main([command, dir]: string[]): Promise<void> {
  const say = (line: string) => console.log(line);
  if (command === 'install') return installPackages(say);
  if (command === 'sweep') {
    const record = dir === undefined ? null : readRecord(dir);
    for (const dead of dir === undefined ? deadRecords() : record === null ? [] : [record])
      await tearDownRecord(dead);
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
