import { basename, dirname } from 'node:path';
import { isWithin } from '../../system/paths.ts';
import type { Wanted } from '../file/wanted.ts';

/** The `package`, as this host has it. */
export type Package = {
  /** its real path: what current-package leads to */
  readonly path: string;
  /** mounted read-only at the same path: the Nix store, the directory of its versions, or the package itself */
  readonly mount: string;
  readonly inStore: boolean;
};

/** How the container is laid out: the guide's layout, or the official image's. */
export type Layout = {
  readonly volumes: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: string | undefined;
  readonly command: readonly string[];
  /** hermes and who it is, as the container has them */
  readonly hermesBin: string;
  readonly execUser: string;
  /** directories of the host with their modes, the outermost first */
  readonly directories: ReadonlyArray<{ readonly path: string; readonly mode: number }>;
};

/**
 * What upstream's guards say after "managed by": a value that is no system it knows is told as it is (its
 * `get_managed_system`, autumn 2026; in May's versions the variable, too). The file on its own said NixOS in May.
 */
export const managedBy = 'hermes-shim (on the host: edit hermes-shim.yaml, then run hermes-shim up)';

/** The place of a package's mount. Pure. */
export function toPackage(declared: string, real: string): Package {
  const inStore = real.startsWith('/nix/store/');
  // a link beside the versions that it leads to in turn: all of them are there for a switch without a new container
  const versions = declared !== real && dirname(declared) === dirname(real) && dirname(real) !== '/';
  return { path: real, mount: inStore ? '/nix/store' : versions ? dirname(real) : real, inStore };
}

/**
 * Lays the container out. Pure.
 * @param owner as numbers of this host
 * @param pluginPaths where the plugins really are
 */
export function toLayout(
  wanted: Wanted,
  owner: { uid: number; gid: number },
  hermes?: Package,
  pluginPaths = wanted.plugins,
): Layout {
  const { stateDir, home } = wanted;
  const numbers = { HERMES_UID: String(owner.uid), HERMES_GID: String(owner.gid) };
  const [open, closed] = wanted.asRoot ? [0o2770, 0o750] : [0o700, 0o700];
  const inHome = ['cron', 'sessions', 'logs', 'memories', 'plugins'].map((name) => ({
    path: `${home}/${name}`,
    mode: open,
  }));
  // a link in plugins/ leads the container to the same path, the real one: it must be there
  const plugins = pluginPaths
    .filter((path) => !hermes || !isWithin(path, hermes.mount))
    .map((path) => `${path}:${path}:ro`);
  const workspace = { path: wanted.workingDirectory, mode: open };
  if (hermes === undefined)
    return {
      volumes: [`${home}:/opt/data`, ...plugins, ...wanted.extraVolumes],
      env: { ...numbers, HERMES_HOME: '/opt/data' },
      entrypoint: undefined,
      command: ['gateway', 'run', ...wanted.extraArgs],
      // not the first on its PATH, which gives root up and has no hermes-agent beside it
      hermesBin: '/opt/hermes/.venv/bin/hermes',
      execUser: 'hermes',
      directories: [{ path: stateDir, mode: open }, { path: home, mode: open }, ...inHome, workspace],
    };
  return {
    volumes: [
      `${hermes.mount}:${hermes.mount}:ro`,
      `${stateDir}:/data`,
      `${stateDir}/home:/home/hermes`,
      ...plugins,
      ...wanted.extraVolumes,
    ],
    env: {
      ...numbers,
      HERMES_HOME: '/data/.hermes',
      HERMES_MANAGED: managedBy,
      HOME: '/home/hermes',
      MESSAGING_CWD: insideOf(wanted.workingDirectory, stateDir),
    },
    entrypoint: '/data/current-entrypoint',
    command: ['/data/current-package/bin/hermes', 'gateway', 'run', '--replace', ...wanted.extraArgs],
    hermesBin: '/data/current-package/bin/hermes',
    execUser: 'hermes',
    directories: [
      { path: stateDir, mode: open },
      { path: home, mode: open },
      ...inHome,
      { path: `${stateDir}/home`, mode: closed },
      workspace,
    ],
  };
}

/** Where the guide's layout has a directory: below the state directory at /data, all else at its own path. */
function insideOf(path: string, stateDir: string): string {
  return isWithin(path, stateDir) ? `/data${path.slice(stateDir.length)}` : path;
}

/** A plugin's link in the home, by what it is called: the store's names without their hash. */
export function pluginName(path: string): string {
  return `hermes-shim-${basename(path).replace(/^[0-9a-z]{32}-/, '')}`;
}
