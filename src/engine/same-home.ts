import { posix } from 'node:path';
import { escapeControls } from '../report/escape.ts';
import type { HomeVolume } from '../route/own-pin.ts';
import type { Container } from './container.ts';
import { toHost, volumeAt } from './mounts.ts';

/** Whether a container is the one of this home; if not, why not, as the end of a sentence that begins with its name. */
export type SameHome =
  | { readonly same: true; readonly containerHome: string }
  | { readonly same: false; readonly why: string };

const declaresNone = 'declares no home (it has no HERMES_HOME in its environment)';

/**
 * The same-home rule: the container's own `HERMES_HOME`, carried back to the host through its read-write binds,
 * must be the home we read. A container that merely mounts `/`, `/var` or somebody's `$HOME` (backup, monitoring,
 * dev container) declares no such thing.
 * @param homeRoot the home's real path (of a profile: its root)
 */
export function judgeSameHome(
  container: Container,
  homeRoot: string,
  realPath: (path: string) => string,
): SameHome {
  const declared = container.env.get('HERMES_HOME');
  if (!declared) return { same: false, why: declaresNone };
  const shown = escapeControls(declared, 200);
  if (!declared.startsWith('/'))
    return { same: false, why: `declares the home '${shown}', which is no absolute path` };
  const host = toHost(declared, container, realPath);
  if (host === undefined)
    return { same: false, why: `declares the home ${shown}, which is no directory of this host` };
  if (!host.bind.writable)
    return { same: false, why: `declares the home ${shown}, but has it mounted read-only` };
  if (host.path !== homeRoot) {
    return {
      same: false,
      why: `declares the home ${shown}, which is ${escapeControls(host.path, 200)} on this host`,
    };
  }
  return { same: true, containerHome: declared };
}

/**
 * The same rule for a home on a volume: the container's own `HERMES_HOME` is that path, and lies on that very volume.
 * Which daemon's is the caller's to say: one of another machine is foreign, whatever its volumes are called.
 */
export function judgeSameVolume(container: Container, { name, home }: HomeVolume): SameHome {
  const declared = container.env.get('HERMES_HOME');
  if (!declared) return { same: false, why: declaresNone };
  const shown = escapeControls(declared, 200);
  if (posix.resolve('/', declared) !== home)
    return { same: false, why: `declares the home ${shown}, not ${home}` };
  const volume = volumeAt(container, declared);
  if (volume === undefined)
    return { same: false, why: `declares the home ${shown}, which lies on no volume` };
  if (volume.name !== name) {
    return {
      same: false,
      why: `declares the home ${shown}, which lies on the volume '${escapeControls(volume.name, 80)}', not on '${name}'`,
    };
  }
  if (!volume.writable)
    return { same: false, why: `declares the home ${shown}, but has its volume mounted read-only` };
  return { same: true, containerHome: declared };
}
