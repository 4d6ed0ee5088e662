import { escapeControls } from '../report/escape.ts';
import type { Container } from './container.ts';
import { toHost } from './mounts.ts';

/** Whether a container is the one of this home; if not, why not, as the end of a sentence that begins with its name. */
export type SameHome =
  | { readonly same: true; readonly containerHome: string }
  | { readonly same: false; readonly why: string };

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
  if (!declared) return { same: false, why: 'declares no home (it has no HERMES_HOME in its environment)' };
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
