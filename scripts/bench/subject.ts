/** One managed container to be measured in one way: laid out as the NixOS module does it, with a hermes that does nothing. */
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, plainEnv } from '../engines/command.ts';
import { type EngineMode, engineOf, labelOf, type Person } from '../engines/modes.ts';
import { engineVariables, envOf, ownerOf } from '../engines/owner.ts';
import type { Engines } from '../engines.ts';

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
  /** Beside it: one that waits. */
  pauseBin: string;
  /** What gets the caller into the engine: `docker`, `podman`, or `sudo -n podman`. */
  engine: readonly string[];
  caller: { env: Record<string, string>; uid?: number; gid?: number };
}

const nothing = '#!/bin/sh\nexit 0\n';

/** Starts the container. It goes with the engines. */
export async function startSubject(mode: EngineMode, engines: Engines): Promise<Subject> {
  const root = join(engines.dir, `bench-${mode}`);
  const state = join(root, 'state');
  const home = join(state, '.hermes');
  const store = join(root, 'store');
  for (const dir of [home, join(store, 'bin')]) mkdirSync(dir, { recursive: true });
  for (const name of ['hermes', 'pause']) {
    writeFileSync(join(store, 'bin', name), name === 'hermes' ? nothing : '#!/bin/sh\nexec sleep 600\n');
    chmodSync(join(store, 'bin', name), 0o755);
  }
  symlinkSync(store, join(state, 'current-package'));
  const person = personOf(mode, engines);
  // a rootless engine's home is the caller's own; by sudo it is somebody else's, as on NixOS
  if (person !== undefined && mode === 'podman-rootless')
    for (const dir of [state, home]) chownSync(dir, person.uid, person.gid);
  const containerName = `hermes-bench-${engines.run}-${mode}`;
  const hermesBin = '/data/current-package/bin/hermes';
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
    pauseBin: '/data/current-package/bin/pause',
    engine: mode === 'podman-sudo' ? ['sudo', '-n', 'podman'] : [engineOf(mode)],
    caller: person === undefined || !engines.asRoot ? { env } : { env, uid: person.uid, gid: person.gid },
  };
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
