/** One managed container to be measured in one way: laid out as the NixOS module does it, with a hermes that does nothing. */
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, plainEnv } from '../engines/command.ts';
import { type EngineMode, engineOf, labelOf, type Person } from '../engines/modes.ts';
import { engineVariables, envOf, ownerOf } from '../engines/owner.ts';
import type { Engines } from '../engines.ts';
import type { Contestant } from './contestants.ts';
import { standIns } from './stand-ins.ts';

/** Who calls and what they call: all that a contestant's command line needs. */
export interface Subject {
  mode: EngineMode;
  containerName: string;
  id: string;
  /** The home on the host; holds the metadata. */
  home: string;
  /** A directory whose `hermes` runs on this host and does nothing. */
  nativeDir: string;
  /** In the container. */
  hermesBin: string;
  /** Beside it: one that waits, one that writes a gigabyte and one that reads it. */
  programs: Record<Exclude<keyof typeof standIns, 'hermes'>, string>;
  /** What gets the caller into the engine: `docker`, `podman`, or `sudo -n podman`. */
  engine: readonly string[];
  /** The engine's API, where the shim goes by it. */
  socket: { path: string; version: string } | undefined;
  caller: Identity;
  owner: Identity;
}

interface Identity {
  env: Record<string, string>;
  uid?: number;
  gid?: number;
}

/** As whom a contestant runs, and with which environment. */
export const identityOf = (
  { caller, owner }: Subject,
  { env, byOwner }: Pick<Contestant, 'env' | 'byOwner'>,
): Identity => {
  const identity = byOwner ? owner : caller;
  return { ...identity, env: { ...identity.env, ...env } };
};

/** Starts the container. It goes with the engines. */
export async function startSubject(mode: EngineMode, engines: Engines): Promise<Subject> {
  const root = join(engines.dir, `bench-${mode}`);
  const state = join(root, 'state');
  const home = join(state, '.hermes');
  const store = join(root, 'store');
  for (const dir of [home, join(store, 'bin')]) mkdirSync(dir, { recursive: true });
  for (const [name, text] of Object.entries(standIns)) {
    writeFileSync(join(store, 'bin', name), text);
    chmodSync(join(store, 'bin', name), 0o755);
  }
  symlinkSync(store, join(state, 'current-package'));
  const person = personOf(mode, engines);
  // a rootless engine's home is the caller's own; by sudo it is somebody else's, as on NixOS
  if (person !== undefined && mode === 'podman-rootless')
    for (const dir of [state, home]) chownSync(dir, person.uid, person.gid);
  const containerName = `hermes-bench-${engines.run}-${mode}`;
  const inside = (name: string) => `/data/current-package/bin/${name}`;
  const hermesBin = inside('hermes');
  writeMetadata({ mode, home, containerName }, hermesBin);
  const owner = ownerOf(mode, engines);
  const run = [
    ['run', '-d', '--name', containerName, '--network=host', '--label', labelOf(engines.run)],
    ['-e', 'HERMES_HOME=/data/.hermes', '-e', 'HERMES_MANAGED=true'],
    ['-v', `${state}:/data`, '-v', `${store}:${store}:ro`],
    [engines.images.dash, 'sleep', '3600'],
  ].flat();
  const id = (await must([...owner.argv, ...run], owner.options)).trim();
  const env = {
    ...(person === undefined ? plainEnv() : envOf(person)),
    ...engineVariables(mode, engines),
    HERMES_HOME: home,
  };
  return {
    mode,
    containerName,
    id,
    home,
    nativeDir: join(store, 'bin'),
    hermesBin,
    programs: { pause: inside('pause'), pour: inside('pour'), swallow: inside('swallow') },
    engine: mode === 'podman-sudo' ? ['sudo', '-n', 'podman'] : [engineOf(mode)],
    socket: socketOf(mode, engines),
    owner: identity(owner.options),
    caller: person === undefined || !engines.asRoot ? { env } : { env, uid: person.uid, gid: person.gid },
  };
}

/** Where the API is that a caller is led to. podman's service takes docker's paths of any version. */
function socketOf(mode: EngineMode, engines: Engines): Subject['socket'] {
  const { DOCKER_HOST, CONTAINER_HOST } = engineVariables(mode, engines);
  const version = mode === 'docker' ? engines.dockerApiVersion : '1.41';
  const address = mode === 'docker' ? (DOCKER_HOST ?? 'unix:///var/run/docker.sock') : CONTAINER_HOST;
  if (!address?.startsWith('unix://') || version === null) return undefined;
  return { path: address.slice('unix://'.length), version };
}

/** Without what is undefined. */
function identity({ env, uid, gid }: ReturnType<typeof ownerOf>['options']): Identity {
  return uid === undefined || gid === undefined ? { env } : { env, uid, gid };
}

function personOf(mode: EngineMode, engines: Engines): Person | undefined {
  if (mode === 'podman-sudo') return engines.sudoUser;
  return mode === 'podman-rootless' || mode === 'podman-socket' ? engines.callerUser : undefined;
}

/** Writes the metadata, with that program as hermes. */
export function writeMetadata(
  subject: Pick<Subject, 'mode' | 'home' | 'containerName'>,
  hermesBin: string,
): void {
  const { mode, home, containerName } = subject;
  const keys = {
    backend: engineOf(mode),
    container_name: containerName,
    exec_user: '0',
    hermes_bin: hermesBin,
  };
  const lines = Object.entries(keys).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(join(home, '.container-mode'), lines.join(''));
}
