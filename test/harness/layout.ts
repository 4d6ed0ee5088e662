/** What a managed container looks like from the host: its directories, mounts, environment and metadata. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engineOf } from '../../scripts/engines/modes.ts';
import { isRootless } from '../../scripts/engines/owner.ts';
import { type EngineMode, engines } from './modes.ts';

export interface Mount {
  source: string;
  destination: string;
  readOnly?: boolean;
}

export interface LayoutOptions {
  /**
   * `module`: the NixOS module's (state directory at /data). `official`: the home at /opt/data, hermes on the PATH.
   * `image`: the stand-in for the official image as it is, with its own first process, user and hermes.
   */
  layout?: 'module' | 'official' | 'image';
  /** With `image`: the home is this named volume, no directory of the host. */
  volume?: string;
  /** A declared profile of this name, with launcher and metadata of its own; the caller's HERMES_HOME is the profile. */
  profile?: string;
  /** exec_user. Default: hermes. */
  user?: string;
}

/** Every path is the host's unless it says inside. */
export interface Layout {
  /** Everything of this container: state, store, the caller's HOME. Removed with it. */
  root: string;
  stateDir: string;
  /** `<stateDir>/.hermes`: the home. */
  home: string;
  /** What the caller has as HERMES_HOME: the home, or the profile in it. */
  hermesHome: string;
  metadataFile: string;
  workspace: string;
  /** The hermes package, as in a Nix store: a directory mounted read-only at its own path. Holds bin/hermes, bin/hermes-agent, … */
  packageDir: string;
  /** A HOME for a caller who is root, so that the machine's own is left alone. */
  callerHome: string;
  mounts: Mount[];
  env: Record<string, string>;
  /** As the container sees it. */
  hermesBin: string;
  /** Where entrypoint.sh says how far it is, and the same place inside. */
  marks: string;
  marksInside: string;
  /** What entrypoint.sh gives to the exec_user, paths inside. */
  owned: string[];
}

const probe = fileURLToPath(new URL('probe.sh', import.meta.url));

/** Makes the directories of one container. The caller of rootless podman owns theirs; entrypoint.sh does the rest. */
export function makeLayout(
  mode: EngineMode,
  name: string,
  { layout = 'module', profile, volume }: LayoutOptions,
): Layout {
  const root = join(realpathSync(engines.dir), 'containers', name);
  const stateDir = join(root, 'state');
  const home = join(stateDir, '.hermes');
  const packageDir = join(root, 'store/hermes-1');
  const workspace = join(stateDir, 'workspace');
  const callerHome = join(root, 'caller');
  const official = layout !== 'module';
  const marks = join(official ? home : stateDir, '.bed');
  const profileDir = profile === undefined ? null : join(home, 'profiles', profile);
  for (const dir of [
    join(packageDir, 'bin'),
    home,
    workspace,
    join(stateDir, 'home'),
    callerHome,
    marks,
    profileDir,
  ]) {
    if (dir !== null) mkdirSync(dir, { recursive: true });
  }
  for (const name of ['hermes', 'hermes-agent', 'hermes-acp']) {
    copyFileSync(probe, join(packageDir, 'bin', name));
    chmodSync(join(packageDir, 'bin', name), 0o755);
  }
  chmodSync(marks, 0o777);
  for (const dir of [home, profileDir]) if (dir !== null) writeForAll(join(dir, 'starts.log'), '');
  if (!official) symlinkSync(packageDir, join(stateDir, 'current-package'));
  const inside = official ? '/opt/data' : '/data/.hermes';
  const hermesBin = official ? '/usr/local/bin/hermes' : '/data/current-package/bin/hermes';
  const profileInside = `${inside}/profiles/${profile}`;
  if (profileDir !== null) {
    const launcher = join(profileDir, '.container-launcher');
    writeFileSync(launcher, `#!/bin/sh\nHERMES_HOME=${profileInside} exec ${hermesBin} "$@"\n`);
    chmodSync(launcher, 0o755);
  }
  // Rootless podman's state is its owner's own; all else is root's until entrypoint.sh gives it away.
  const { uid, gid } = engines.callerUser;
  const rootless = isRootless(mode, engines);
  if (rootless && engines.asRoot)
    for (const dir of [stateDir, home, workspace, marks]) chownSync(dir, uid, gid);
  const rootOwned = rootless ? [] : ['/data'];
  if (layout === 'image') {
    return {
      ...{ root, stateDir, home, hermesHome: home, metadataFile: join(home, '.container-mode'), workspace },
      ...{ packageDir, callerHome, env: {}, marks, marksInside: '', owned: [] },
      mounts: volume === undefined ? [{ source: home, destination: '/opt/data' }] : [],
      hermesBin: '/opt/hermes/.venv/bin/hermes',
    };
  }
  const profilesInside = profileDir === null ? [] : [dirname(profileInside), profileInside];
  return {
    root,
    stateDir,
    home,
    hermesHome: profileDir ?? home,
    metadataFile: join(profileDir ?? home, '.container-mode'),
    workspace,
    packageDir,
    callerHome,
    mounts: official
      ? [
          { source: home, destination: '/opt/data' },
          { source: join(packageDir, 'bin'), destination: '/usr/local/bin', readOnly: true },
        ]
      : [
          { source: stateDir, destination: '/data' },
          { source: join(stateDir, 'home'), destination: '/home/hermes' },
          { source: dirname(packageDir), destination: dirname(packageDir), readOnly: true },
        ],
    env: official
      ? { HERMES_HOME: inside }
      : {
          HERMES_HOME: inside,
          HERMES_MANAGED: 'true',
          MESSAGING_CWD: '/data/workspace',
          HOME: '/home/hermes',
        },
    hermesBin: profileDir === null ? hermesBin : `${profileInside}/.container-launcher`,
    marks,
    marksInside: official ? '/opt/data/.bed' : '/data/.bed',
    owned: official
      ? [inside, ...profilesInside]
      : [...rootOwned, inside, '/data/home', '/data/workspace', ...profilesInside],
  };
}

/** The text of the metadata as the NixOS module writes it. */
export function metadataText(mode: EngineMode, name: string, user: string, hermesBin: string): string {
  return [
    '# Written by NixOS activation script. Do not edit manually.',
    `backend=${engineOf(mode)}`,
    `container_name=${name}`,
    `exec_user=${user}`,
    `hermes_bin=${hermesBin}`,
    '',
  ].join('\n');
}

/** `text` with the values of some keys replaced, and unknown keys added. */
export function withKeys(text: string, keys: Record<string, string>): string {
  const known = text.replace(/^(\w+)=.*$/gm, (line, key: string) =>
    keys[key] === undefined ? line : `${key}=${keys[key]}`,
  );
  const added = Object.keys(keys).filter((key) => !known.includes(`${key}=`));
  return known + added.map((key) => `${key}=${keys[key]}\n`).join('');
}

/** Writes a file that everybody may write, whatever the umask. */
function writeForAll(file: string, text: string): void {
  writeFileSync(file, text);
  chmodSync(file, 0o666);
}
