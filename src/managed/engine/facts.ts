import { type EngineAccess, engineCommand } from '../../engine/access.ts';
import { type Container, toContainer } from '../../engine/container.ts';
import { toProbeResult } from '../../engine/probe.ts';
import type { Failure } from '../../report/failure.ts';
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

/** What a container is called while its successor proves itself. */
export const asideName = (name: string): string => `${name}-before`;

type Json = { readonly [key: string]: unknown };
const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/**
 * Asks for all of it by one `inspect`.
 * @throws {Failure} 125 when the engine does not answer
 */
export async function askEngine(
  via: EngineAccess,
  names: { container: string; image: string },
  env: Environment,
): Promise<EngineFacts> {
  const { container, image } = names;
  const argv = engineCommand(via, ['inspect', container, asideName(container), image]);
  const result = await runCommand(argv, { env: { ...env, LC_ALL: 'C' }, timeoutMs: 60_000 });
  const found = result.kind === 'exited' ? parse(result.stdout) : [];
  if (!(result.kind === 'exited' && onlyMissing(result.code, result.stderr))) {
    const failure: Failure = engineFailure(toProbeResult(result, via, container), via);
    throw failure;
  }
  const made = (name: string): Made | undefined =>
    found.map(toMade).find((one) => one?.container.name === name);
  const imageId = found.filter((json) => 'RootFS' in json).map(({ Id }) => plainId(text(Id)))[0];
  return { container: made(container), aside: made(asideName(container)), imageId };
}

/** Every complaint is about something that is not there. */
function onlyMissing(code: number, stderr: string): boolean {
  if (code === 0) return true;
  const complaints = stderr.split('\n').filter((line) => line.trim() !== '');
  return (
    complaints.length > 0 &&
    complaints.every((line) =>
      /no such (object|container|image)|no container with name|image not known|does not exist|error inspecting object/i.test(
        line,
      ),
    )
  );
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
  if (!('State' in json)) return undefined;
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
