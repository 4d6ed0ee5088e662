import { createHash } from 'node:crypto';
import type { Engine } from '../../route/metadata.ts';
import { labels } from '../engine/facts.ts';
import type { Wanted } from '../file/wanted.ts';
import type { Layout } from './layout.ts';

/** To be raised when containers of an older hermes-shim must be made anew. */
const schemaVersion = 1;

/** What a container is made of: another one needs another container. */
export type Ingredients = {
  readonly image: string;
  /** the image's id where it is known; a name can come to mean another image */
  readonly imageId: string | undefined;
  readonly volumes: readonly string[];
  readonly options: readonly string[];
  /** who hermes is in there, as numbers of this host */
  readonly owner: string;
  /** the script that the container starts with (the official image has its own), and its arguments */
  readonly entrypoint: readonly string[];
};

/** The identity: sha256 over schema version, image, volumes, options, entrypoint. Pure. */
export function identityOf({
  image,
  imageId = '',
  volumes,
  options,
  owner,
  entrypoint,
}: Ingredients): string {
  const parts = [schemaVersion, image, imageId, volumes, options, owner, entrypoint];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Options that the file does not name: the network as in the guide, and whose numbers rootless podman keeps. */
export function implicitOptions(wanted: Wanted, engine: Engine): readonly string[] {
  const given = (pattern: RegExp): boolean => wanted.extraOptions.some((option) => pattern.test(option));
  const network = given(/^--net(work)?(=|$)|^-p|^--publish/) ? [] : ['--network=host'];
  const rootless = engine === 'podman' && !wanted.asRoot && !given(/^--userns(=|$)/);
  // the caller's own uid in there, too; its first process is root in there, which is nobody here. podman would add the
  // caller to /etc/passwd under their own name, and the uid would be taken when hermes gets it
  return [...network, ...(rootless ? ['--userns=keep-id', '--user=0:0', '--passwd=false'] : [])];
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
  made: { engine: Engine; identity: string; policy: string },
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
    implicitOptions(wanted, made.engine),
    layout.volumes.flatMap((volume) => ['--volume', volume]),
    Object.entries(layout.env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    wanted.extraOptions,
    [wanted.image],
    layout.command,
  ].flat();
}
