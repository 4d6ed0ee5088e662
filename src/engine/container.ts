import { posix } from 'node:path';

/** What an engine says of a container, in the words of both engines' `inspect`, checked and trimmed to what is used. */
export type Container = {
  readonly id: string;
  readonly name: string;
  readonly state: State;
  /** its own environment (`.Config.Env`), by which it declares its home */
  readonly env: ReadonlyMap<string, string>;
  readonly binds: readonly Bind[];
  /** destinations of everything mounted, binds or not: they cover what lies below them */
  readonly destinations: readonly string[];
  readonly volumes: readonly Volume[];
  readonly workingDir: string;
  readonly hostNetwork: boolean;
  /** what the image was told to run (`.Config.Cmd`) */
  readonly command: readonly string[];
  /** the image's and the maker's labels, compose's among them */
  readonly labels: ReadonlyMap<string, string>;
};

/** A directory of the host in the container. */
export type Bind = { readonly source: string; readonly destination: string; readonly writable: boolean };

/** A volume that the engine keeps, in the container; one without a name has 64 hexadecimal digits for one. */
export type Volume = { readonly name: string; readonly destination: string; readonly writable: boolean };

/** Where a container stands; times are milliseconds since the epoch, `undefined` where it never came to that. */
export type State = {
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'other';
  /** the engine's own word, for people */
  readonly word: string;
  readonly startedMs: number | undefined;
  readonly finishedMs: number | undefined;
  readonly exitCode: number;
};

/** Does it work, or will it soon again? One that is restarted after each crash does; what was made or has ended does not. */
export function isAlive({ state }: Pick<Container, 'state'>): boolean {
  return state.status !== 'created' && state.status !== 'exited';
}

type Json = { readonly [key: string]: unknown };

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** podman 4.3 records `-v /a:/data/` as it was typed, docker as `/data`: without the slash both can be compared. */
function asPath(value: unknown): string {
  const path = asText(value);
  return path.startsWith('/') ? posix.resolve(path) : '';
}

/** Engines print Go's zero time, year 1, for "never". */
function asTime(value: unknown): number | undefined {
  const time = Date.parse(asText(value));
  return Number.isNaN(time) || time <= 0 ? undefined : time;
}

function toStatus(word: string): State['status'] {
  switch (word) {
    case 'running':
    case 'paused':
    case 'restarting':
    case 'exited':
      return word;
    case 'created':
    case 'configured':
    case 'initialized':
      return 'created';
    case 'stopped':
    case 'stopping':
    case 'removing':
    case 'dead':
      return 'exited';
    default:
      return 'other';
  }
}

function toState(value: unknown): State {
  const state = asObject(value);
  const word = asText(state.Status).toLowerCase();
  return {
    status: toStatus(word),
    word,
    startedMs: asTime(state.StartedAt),
    finishedMs: asTime(state.FinishedAt),
    exitCode: typeof state.ExitCode === 'number' ? state.ExitCode : 0,
  };
}

function toEnvironment(value: unknown): ReadonlyMap<string, string> {
  const pairs = asList(value).map(asText);
  return new Map(
    pairs.map((pair) => [pair.slice(0, Math.max(0, pair.indexOf('='))), pair.slice(pair.indexOf('=') + 1)]),
  );
}

function toBind(value: unknown): Bind | undefined {
  const mount = asObject(value);
  const [source, destination] = [asPath(mount.Source), asPath(mount.Destination)];
  if (mount.Type !== 'bind' || source === '' || destination === '') return undefined;
  return { source, destination, writable: mount.RW === true };
}

function toVolume(value: unknown): Volume | undefined {
  const mount = asObject(value);
  const [name, destination] = [asText(mount.Name), asPath(mount.Destination)];
  if (mount.Type !== 'volume' || name === '' || destination === '') return undefined;
  return { name, destination, writable: mount.RW === true };
}

/**
 * Takes one container out of what `inspect` printed (a JSON array) or the daemon's socket answered (one object).
 * @returns `undefined` when it is not what an engine prints
 */
export function toContainer(json: unknown): Container | undefined {
  const root = asObject(Array.isArray(json) ? json[0] : json);
  const config = asObject(root.Config);
  const hostConfig = asObject(root.HostConfig);
  const id = asText(root.Id);
  const name = asText(root.Name).replace(/^\//, '');
  if (!/^[0-9a-f]{12,64}$/.test(id) || name === '') return undefined;
  const mounts = asList(root.Mounts);
  // docker does not list --tmpfs among its mounts (measured, 20.10)
  const tmpfs = Object.keys(asObject(hostConfig.Tmpfs));
  return {
    id,
    name,
    state: toState(root.State),
    env: toEnvironment(config.Env),
    binds: mounts.map(toBind).filter((bind) => bind !== undefined),
    destinations: [...mounts.map((mount) => asObject(mount).Destination), ...tmpfs]
      .map(asPath)
      .filter(Boolean),
    volumes: mounts.map(toVolume).filter((volume) => volume !== undefined),
    workingDir: asText(config.WorkingDir),
    hostNetwork: hostConfig.NetworkMode === 'host',
    command: asList(config.Cmd).map(asText),
    labels: new Map(Object.entries(asObject(config.Labels)).map(([name, value]) => [name, asText(value)])),
  };
}
