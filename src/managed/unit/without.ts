import type { EngineAccess } from '../../engine/access.ts';
import { quoteCommand } from '../../report/quote.ts';
import type { Wanted } from '../file/wanted.ts';

/**
 * What becomes of the container where no unit starts it, in words. After a restart of docker (or of the machine) its
 * daemon starts what has `unless-stopped`, and not what has `on-failure`
 * (docs.docker.com/engine/containers/start-containers-automatically); podman has no daemon that could. Pure.
 */
export function engineAlone(
  { restart, containerName }: Pick<Wanted, 'restart' | 'containerName'>,
  { engine, binary }: Pick<EngineAccess, 'engine' | 'binary'>,
): string {
  const start = quoteCommand([binary, 'start', containerName]);
  const atBoot = `let the machine's own init run: ${start}`;
  switch (restart) {
    case 'always':
      return engine === 'docker'
        ? 'docker itself starts the container again when it ends, and at boot (restart: always)'
        : `podman starts the container again when it ends, but not at boot (restart: always); ${atBoot}`;
    case 'on-failure':
      return `${engine} starts the container again when it fails, but not at boot (restart: on-failure); ${atBoot}`;
    case 'no':
      return `${engine} does not start the container by itself, neither when it ends nor at boot (restart: no); ${atBoot}`;
  }
}
