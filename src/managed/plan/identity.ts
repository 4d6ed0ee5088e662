import { createHash } from 'node:crypto';
import { labels } from '../engine/facts.ts';
import type { Wanted } from '../file/wanted.ts';
import type { IdMap } from './id-map.ts';
import type { Layout } from './layout.ts';

/** To be raised when containers of an older hermes-shim must be made anew. */
const schemaVersion = 2;

/** What a container is made of: another one needs another container. */
export type Ingredients = {
  readonly image: string;
  /** the image's id where it is known; a name can come to mean another image */
  readonly imageId: string | undefined;
  readonly volumes: readonly string[];
  readonly options: readonly string[];
  /** variables: a container keeps those that it was made with */
  readonly env: Readonly<Record<string, string>>;
  /** who hermes is in there, as numbers of this host */
  readonly owner: string;
  /** the script that the container starts with (the official image has its own), and its arguments */
  readonly entrypoint: readonly string[];
};

/** The identity: sha256 over schema version, image, volumes, options, variables, owner, entrypoint. Pure. */
export function identityOf({
  image,
  imageId = '',
  volumes,
  options,
  env,
  owner,
  entrypoint,
}: Ingredients): string {
  const parts = [schemaVersion, image, imageId, volumes, options, Object.entries(env), owner, entrypoint];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** What this host needs: rootless podman's map of ids; leave for volumes where SELinux guards it. */
export type HostNeeds = { readonly idMap: IdMap | undefined; readonly selinux: boolean };

/** Options that the file does not name: the network as in the guide, and what the host needs. Pure. */
export function implicitOptions(wanted: Wanted, { idMap, selinux }: HostNeeds): readonly string[] {
  // relabelling (`:z`) is no way: the Nix store is everybody's
  const labels = selinux && !wanted.extraOptions.some((option) => option.includes('label='));
  const network = wanted.extraOptions.some((option) => /^--net(work)?(=|$)|^-p|^--publish/.test(option));
  return [
    ...(network ? [] : ['--network=host']),
    ...(labels ? ['--security-opt=label=disable'] : []),
    ...(idMap?.options ?? []),
  ];
}

/** Does the file map ids itself? */
export function mapsIds(wanted: Wanted): boolean {
  return wanted.extraOptions.some((option) => /^--(userns|uidmap|gidmap|subuidname)(=|$)/.test(option));
}

/** Our words for when a container is started again, in an engine's. */
export function restartPolicy(restart: Wanted['restart'], byUnit: boolean): string {
  if (byUnit) return 'no';
  return restart === 'always' ? 'unless-stopped' : restart;
}

/** The engine's arguments that make the container. Pure. */
export function createArgs(
  wanted: Wanted,
  layout: Layout,
  made: HostNeeds & { identity: string; policy: string },
): readonly string[] {
  const marks = {
    [labels.managed]: wanted.stateDir,
    [labels.identity]: made.identity,
    [labels.image]: wanted.image,
  };
  return [
    'create',
    ['--name', wanted.containerName],
    Object.entries(marks).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    [`--restart=${made.policy}`],
    layout.entrypoint === undefined ? [] : ['--entrypoint', layout.entrypoint],
    implicitOptions(wanted, made),
    layout.volumes.flatMap((volume) => ['--volume', volume]),
    Object.entries(layout.env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    wanted.extraOptions,
    [wanted.image],
    layout.command,
  ].flat();
}
