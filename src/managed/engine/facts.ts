import { type EngineAccess, engineCommand } from '../../engine/access.ts';
import { type Container, toContainer } from '../../engine/container.ts';
import { toProbeResult } from '../../engine/probe.ts';
import type { Environment } from '../../system/environment.ts';
import { runCommand } from '../../system/run-command.ts';
import { engineFailure } from './failure.ts';

/** The labels by which our own containers are known. */
export const labels = {
  managed: 'hermes-shim.managed',
  identity: 'hermes-shim.identity',
  image: 'hermes-shim.image',
} as const;

/** A container as far as making one is concerned. */
export type Made = {
  readonly container: Container;
  readonly labels: Readonly<Record<string, string>>;
  readonly imageId: string;
  readonly restartPolicy: string;
};

/** What the engine has: the container, the one that was put aside, the image. */
export type EngineFacts = {
  readonly container: Made | undefined;
  readonly aside: Made | undefined;
  readonly imageId: string | undefined;
};

/** Has it been started once? Then there may be something in it that exists nowhere else. */
export function hasRun({ container: { state } }: Made): boolean {
  return state.status !== 'created' || state.startedMs !== undefined;
}

/** What a container is called while its successor proves itself. */
export const asideName = (name: string): string => `${name}-before`;

type Json = { readonly [key: string]: unknown };
const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/**
 * Asks for all of it: containers and image apart, since a bare `inspect` takes a container for the image of the same name.
 * @throws {Failure} 125 when the engine does not answer
 */
export async function askEngine(
  via: EngineAccess,
  names: { container: string; image: string },
  env: Environment,
): Promise<EngineFacts> {
  const { container, image } = names;
  const [containers, images] = await Promise.all([
    inspect(via, 'container', [container, asideName(container)], env),
    inspect(via, 'image', [image], env),
  ]);
  const made = (name: string): Made | undefined =>
    containers.map(toMade).find((one) => one?.container.name === name);
  const imageId = images.map(({ Id }) => plainId(text(Id)))[0];
  return { container: made(container), aside: made(asideName(container)), imageId };
}

/**
 * What `inspect` says of these, of which some may not be there.
 * @throws {Failure} 125 when the engine does not answer for each of them
 */
export async function inspect(
  via: EngineAccess,
  type: 'container' | 'image',
  names: readonly string[],
  env: Environment,
  timeoutMs = 60_000,
): Promise<readonly Json[]> {
  const argv = engineCommand(via, ['inspect', '--type', type, ...names]);
  const result = await runCommand(argv, { env: { ...env, LC_ALL: 'C' }, timeoutMs });
  if (result.kind !== 'exited') throw engineFailure(toProbeResult(result, via, ''), via);
  const { found, missing, complaints } = readInspect(result);
  // whatever else it says: when each is there or said to be missing, nothing is unknown
  if (found.length + missing >= names.length) return found;
  throw engineFailure(toProbeResult({ ...result, stderr: complaints.join('\n') }, via, ''), via);
}

/** Can this engine give a container that is there another restart policy? podman can from 5.1 on. */
export async function changesPolicy(via: EngineAccess, env: Environment): Promise<boolean> {
  if (via.engine === 'docker') return true;
  const argv = engineCommand(via, ['update', '--help']);
  const result = await runCommand(argv, { env: { ...env, LC_ALL: 'C' }, timeoutMs: 60_000 });
  return result.kind === 'exited' && /\s--restart\b/.test(result.stdout);
}

/** Words of log lines that are no answer: logrus's (podman) with and without a terminal, and docker's client's. */
const chatter = /^(WARNING: |(WARN|INFO|DEBU|TRAC)\[|time=\S+ level=(warn|info|debug|trace))/;
const absence = /no such (object|container|image)|no container with name|image not known|does not exist/i;

/**
 * Takes apart what `inspect` printed: what there is, how many it says are not there, and what else it complains of. Pure.
 * With a code other than 0 both engines still print what they found; podman warns beside it (no systemd session, in cron).
 */
export function readInspect({ stdout, stderr }: { stdout: string; stderr: string }): {
  readonly found: readonly Json[];
  readonly missing: number;
  readonly complaints: readonly string[];
} {
  const said = stderr.split('\n').filter((line) => line.trim() !== '' && !chatter.test(line));
  const complaints = said.filter((line) => !absence.test(line));
  return { found: parse(stdout), missing: said.length - complaints.length, complaints };
}

function parse(stdout: string): readonly Json[] {
  try {
    const json: unknown = JSON.parse(stdout);
    return Array.isArray(json) ? json.map(object) : [];
  } catch {
    return [];
  }
}

function toMade(json: Json): Made | undefined {
  const container = toContainer(json);
  if (container === undefined) return undefined;
  const own = object(object(json.Config).Labels);
  return {
    container,
    labels: Object.fromEntries(Object.entries(own).map(([key, value]) => [key, text(value)])),
    imageId: plainId(text(json.Image)),
    restartPolicy: text(object(object(json.HostConfig).RestartPolicy).Name) || 'no',
  };
}

/** docker writes `sha256:` before an id, podman does not. */
const plainId = (id: string): string => id.replace(/^sha256:/, '');
