/** One engine to show the shim with: what is there and works, else one of our own for as long as the demo runs. */
import { endpointOf, remoteAddress } from '../../src/engine/endpoint.ts';
import { attempt, type CommandResult, findCommand, telling } from '../engines/command.ts';
import { startDockerd } from '../engines/dockerd.ts';
import { imagesOf, loadAndRun, pack, type Tars } from '../engines/load.ts';
import type { EngineMode } from '../engines/modes.ts';
import { askOwner, canRun, type OwnerFacts, ourselves } from '../engines/owner.ts';
import { type Command, installPackages, isDebian } from '../engines/packages.ts';
import { othersNeedSettings, writeSystemSettings } from '../engines/podman.ts';
import { type RunRecord, saveRecord } from '../engines/record.ts';

export interface DemoEngine {
  engine: 'docker' | 'podman';
  /** For a person: which one it is, and whose. */
  words: string;
  image: string;
  /** What whoever calls this engine needs in the environment. */
  env: Record<string, string>;
  ask(args: readonly string[]): Promise<CommandResult>;
}

/** Packs the image where none is packed yet. */
type Packing = () => Promise<Tars>;

/** One thing to try: throws why it did not work. */
type Candidate = { name: string; make: () => Promise<DemoEngine> };

/** Where nothing is packed, since the machine has no busybox. Engines pull it themselves. */
const pulledImage = 'docker.io/library/busybox:stable';

/**
 * The first engine that starts a container. In this order: the machine's own; one that is installed but does not run,
 * run by us; as root on Debian, one that we install. Throws a sentence a candidate where none does.
 * @param halt throws where the demo was interrupted
 */
export async function findEngine(
  record: RunRecord,
  say: (line: string) => void,
  halt: () => void,
  privileged = process.getuid?.() === 0,
): Promise<DemoEngine> {
  let tars: Tars | undefined;
  const packed = async () => {
    if (tars === undefined && findCommand('busybox') === null) return {};
    tars ??= await pack(record, ['busybox']);
    return tars;
  };
  const install = async (commands: readonly Command[]) => {
    if (!isDebian()) throw new Error('the demo can install it on Debian and Ubuntu only');
    await installPackages((line) => say(`${line} (a minute or two; they stay installed)`), commands);
    halt();
  };
  const candidates: Candidate[] = [
    { name: 'docker', make: () => ambient('docker', record, packed) },
    { name: 'podman', make: () => ambient('podman', record, packed) },
  ];
  if (privileged) {
    const docker = { name: 'a docker of our own', make: () => ownDocker(record, packed) };
    const podman = { name: 'podman with settings', make: () => ownPodman(record, packed) };
    const fresh = {
      name: 'a fresh docker',
      make: async () => {
        await install(['dockerd', 'docker', 'busybox']);
        // Where there is a systemd, installing it has started it.
        return ambient('docker', record, packed).catch(docker.make);
      },
    };
    const there = findCommand('dockerd') !== null && findCommand('docker') !== null;
    if (there) candidates.push(docker);
    if (findCommand('podman') !== null) candidates.push(podman);
    if (!there) candidates.push(fresh);
  }
  const reasons: string[] = [];
  for (const { name, make } of candidates) {
    halt();
    try {
      return await make();
    } catch (error) {
      halt();
      const why = error instanceof Error ? error.message : String(error);
      reasons.push(`  ${name}: ${why}`);
    }
  }
  const advice = privileged
    ? ['  what to do: start docker or podman on this machine, and try again']
    : [
        '  what to do: let docker or podman start containers for this user, and try again;',
        '              or call the demo as root on Debian or Ubuntu: it then runs an engine of its own',
      ];
  throw new Error(['there is no engine to show anything with', ...reasons, ...advice].join('\n'));
}

/** The machine's own engine, called with the environment of whoever called the demo. */
async function ambient(
  engine: DemoEngine['engine'],
  record: RunRecord,
  packed: Packing,
): Promise<DemoEngine> {
  const binary = findCommand(engine, process.env.PATH);
  if (binary === null) throw new Error('not installed');
  const env = process.env as Record<string, string>;
  const via = { engine, binary, access: { kind: 'direct' } } as const;
  const remote = await remoteAddress(via, endpointOf(via, env), env);
  if (remote !== undefined) throw new Error(`it runs on another machine (${remote})`);
  const format = engine === 'docker' ? '{{.Server.Version}}' : '{{.Client.Version}}';
  const version = await attempt([binary, 'version', '--format', format], { env, timeoutMs: 15_000 });
  if (version.code !== 0) throw new Error(telling(version.stderr) || 'it does not answer');
  const asRoot = process.getuid?.() === 0;
  const mode: EngineMode = engine === 'docker' ? 'docker' : asRoot ? 'podman-root' : 'podman-rootless';
  const facts: OwnerFacts = { asRoot: false, dockerHost: null, podmanHost: null, callerUser: ourselves() };
  // A machine where another run has made podman work: that one takes its settings away when it ends.
  if (mode === 'podman-root' && othersNeedSettings()) writeSystemSettings(record);
  record.ambient = true;
  record.ambientDocker = engine === 'docker';
  record.podmans = engine === 'docker' ? [] : [asRoot ? 'root' : 'self'];
  saveRecord(record);
  const words = `${engine} ${version.stdout.trim()}, which this machine has already`;
  const image = await start(mode, facts, record, packed);
  return { engine, words, image, env: {}, ask: (args) => askOwner(mode, facts, args) };
}

async function ownDocker(record: RunRecord, packed: Packing): Promise<DemoEngine> {
  forgetAmbient(record);
  const dockerHost = await startDockerd(record, ourselves());
  const facts: OwnerFacts = { asRoot: true, dockerHost, podmanHost: null, callerUser: ourselves() };
  const image = await start('docker', facts, record, packed);
  return {
    engine: 'docker',
    words: 'docker, started for the demo alone on a private socket',
    image,
    env: { DOCKER_HOST: dockerHost },
    ask: (args) => askOwner('docker', facts, args),
  };
}

async function ownPodman(record: RunRecord, packed: Packing): Promise<DemoEngine> {
  forgetAmbient(record);
  record.podmans = ['root'];
  writeSystemSettings(record);
  const facts: OwnerFacts = { asRoot: true, dockerHost: null, podmanHost: null, callerUser: ourselves() };
  const image = await start('podman-root', facts, record, packed);
  return {
    engine: 'podman',
    words: 'podman, with settings of the demo for a machine without systemd',
    image,
    env: {},
    ask: (args) => askOwner('podman-root', facts, args),
  };
}

function forgetAmbient(record: RunRecord): void {
  record.ambient = false;
  record.ambientDocker = false;
  saveRecord(record);
}

/** hermes's numbers in the container: nobody's on the host. */
const standInUser = '4242:4242';

/** Proves that the engine starts containers, as a user who is not root, too. Returns the image to use. */
async function start(
  mode: EngineMode,
  facts: OwnerFacts,
  record: RunRecord,
  packed: Packing,
): Promise<string> {
  const tars = await packed();
  const state =
    tars.busybox === undefined
      ? await canRun(mode, { ...facts, run: record.run }, pulledImage, standInUser)
      : await loadAndRun(mode, { ...facts, run: record.run }, record, tars, standInUser);
  if (!state.available && /setup user/.test(state.why)) {
    throw new Error('this user has no subordinate ids, so containers have no user but root (see subuid(5))');
  }
  if (!state.available) throw new Error(state.why);
  return tars.busybox === undefined ? pulledImage : imagesOf(record).busybox;
}
