/** The engine's arguments for making a managed container, and removing what it leaves on disk. */
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { labelOf } from '../../scripts/engines/modes.ts';
import { askOwner, isRootless } from '../../scripts/engines/owner.ts';
import type { Layout } from './layout.ts';
import type { ContainerOptions } from './managed-container.ts';
import { type EngineMode, engines } from './modes.ts';

/** The exec_user's uid inside: nobody's on the host. */
export const hermesUid = 4242;

const entrypoint = readFileSync(fileURLToPath(new URL('entrypoint.sh', import.meta.url)), 'utf8');

/** `create …` for docker and podman alike. */
export function createArgs(
  mode: EngineMode,
  name: string,
  layout: Layout,
  options: ContainerOptions,
): string[] {
  const { user = 'hermes', userAfterMs = 0, image = 'dash', mounts = [], engineArgs = [], workdir } = options;
  const env = Object.entries({ ...layout.env, ...options.env }).filter(([, value]) => value !== undefined);
  const volumes = [...layout.mounts, ...mounts].map(
    ({ source, destination, readOnly }) => `${source}:${destination}${readOnly === true ? ':ro' : ''}`,
  );
  const network = `--network=${options.network ?? 'host'}`;
  if (options.layout === 'image') {
    const kept = options.volume === undefined ? [] : ['-v', `${options.volume}:/opt/data`];
    return [
      ['create', '--name', name, network, '--label', labelOf(engines.run)],
      env.flatMap(([key, value]) => ['-e', `${key}=${value}`]),
      volumes.flatMap((volume) => ['-v', volume]),
      kept,
      [...engineArgs, engines.images.official, ...(options.command ?? ['gateway', 'run'])],
    ].flat();
  }
  const delay = userAfterMs === 'never' ? 'never' : String(userAfterMs / 1000);
  // Root inside rootless podman is the caller, and so is its group.
  const caller = mode === 'podman-sudo' ? engines.sudoUser : engines.callerUser;
  const group = isRootless(mode, engines) ? 0 : caller.gid;
  return [
    ['create', '--name', name, network, '--label', labelOf(engines.run)],
    env.flatMap(([key, value]) => ['-e', `${key}=${value}`]),
    volumes.flatMap((volume) => ['-v', volume]),
    workdir === undefined ? [] : ['-w', workdir],
    [...engineArgs, engines.images[image], '/bin/sh', '-c', entrypoint, 'entrypoint'],
    [user, String(hermesUid), String(group), delay, layout.marksInside, ...layout.owned],
  ].flat();
}

/** Asks in which state a container is, in one word. */
export const stateQuestion = (id: string): string[] => [
  ...['inspect', '--type', 'container', '--format'],
  '{{.State.Status}}',
  id,
];

/** Files inside may belong to subordinate ids: what we may not remove, root in a container may. */
export async function removeTree(mode: EngineMode, dir: string): Promise<void> {
  try {
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    const clear = ['sh', '-c', 'rm -rf /bed/* /bed/.[!.]*'];
    await askOwner(mode, engines, [
      'run',
      '--rm',
      '--network=host',
      '-v',
      `${dir}:/bed`,
      engines.images.dash,
      ...clear,
    ]);
    rmSync(dir, { recursive: true, force: true });
  }
}
