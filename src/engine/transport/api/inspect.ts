import { statSync } from 'node:fs';
import { connect } from 'node:net';
import type { Engine } from '../../../route/metadata.ts';
import { errorCode } from '../../../system/error-code.ts';
import { allowTime, enginePatience, type Patience, type Signs } from '../../../system/patience.ts';
import type { Api } from '../../access.ts';
import { toContainer } from '../../container.ts';
import { foundByName, type ProbeResult } from '../../probe-result.ts';
import { dockerSocket } from '../socket.ts';
import { type Answer, toJson } from './answer.ts';
import { ask } from './connection.ts';

/**
 * The API's version that is tried first: docker 25 to 29 and later know it. An older or a later one says which it knows,
 * which costs a millisecond.
 */
const firstVersion = '1.44';

/** podman takes any version of docker's API; of its own it has known this one since 4.0. */
const podmanVersions = { docker: '1.41', own: '4.0.0' } as const;

/**
 * Asks an engine for one container on its socket: 4 to 9 ms where starting docker's client for `inspect` takes 20, and
 * podman's 44.
 * @returns `undefined` where the answer is none of those we know: the client shall be asked
 */
export async function inspectBySocket(
  engine: Engine,
  socket: string,
  containerName: string,
  patience: Patience,
): Promise<ProbeResult | undefined> {
  const giveUp = new AbortController();
  let silent: ProbeResult | undefined;
  const stopWatch = allowTime(
    patience,
    () => Promise.resolve(signsOf(socket)),
    (silence) => {
      silent = { kind: 'silent', ...silence };
      giveUp.abort();
    },
  );
  try {
    return await inspect(engine, socket, containerName, giveUp.signal);
  } catch (error) {
    return silent ?? toUnreachable(engine, socket, errorCode(error));
  } finally {
    stopWatch();
  }
}

async function inspect(
  engine: Engine,
  socket: string,
  containerName: string,
  signal: AbortSignal,
): Promise<ProbeResult | undefined> {
  const path = `/containers/${containerName}/json`;
  const look = async (version: string, where = path): Promise<Answer> =>
    (await ask(socket, { method: 'GET', path: where }, { version, signal })).answer;
  if (engine === 'podman') {
    const answer = await look(podmanVersions.own, `/libpod${path}`);
    return judge(answer, containerName, { socket, version: podmanVersions.docker, libpod: true });
  }
  const first = await look(firstVersion);
  const version = first.status === 400 ? knownVersion(first) : firstVersion;
  if (version === undefined) return undefined;
  const answer = version === firstVersion ? first : await look(version);
  const libpod = answer.headers.has('libpod-api-version');
  return judge(answer, containerName, { socket, version: libpod ? podmanVersions.docker : version, libpod });
}

/** The version that a daemon names which refuses ours: its newest, or the oldest that it still knows. */
export function knownVersion({ headers, body }: Answer): string | undefined {
  const words = body.toString('utf8');
  const named = /(?:Maximum|Minimum) supported API version is (\d+\.\d+)/i.exec(words)?.[1];
  const version = named ?? headers.get('api-version');
  return version !== undefined && /^1\.\d{1,3}$/.test(version) && version !== firstVersion
    ? version
    : undefined;
}

/** Reads the engine's whole answer. 200 and 404 are understood; the name must be the one that was asked for. */
export function judge(answer: Answer, containerName: string, api: Api): ProbeResult | undefined {
  const { status, body } = answer;
  if (status === 404)
    return /no such container/i.test(body.toString('utf8')) ? { kind: 'absent', api } : undefined;
  if (status !== 200) return undefined;
  const container = toContainer(toJson(answer));
  return container && foundByName(container, containerName, api);
}

/** podman without its service works by its client; docker's client has the same socket as we have. */
function toUnreachable(engine: Engine, socket: string, code: string): ProbeResult | undefined {
  if (engine === 'podman') return undefined;
  switch (code) {
    case 'ENOENT':
      // a docker that is podman underneath has no daemon, and needs none
      return socket === dockerSocket ? undefined : { kind: 'daemon-down', detail: `there is no ${socket}` };
    case 'ECONNREFUSED':
      return { kind: 'daemon-down', detail: `nobody listens at ${socket}` };
    case 'EACCES':
    case 'EPERM':
      return isVisible(socket) ? { kind: 'forbidden', detail: `permission denied at ${socket}` } : undefined;
    default:
      return undefined;
  }
}

/** Is it the socket itself that refuses us, or the way to it, which a client with a way of its own need not go? */
function isVisible(socket: string): boolean {
  try {
    return statSync(socket).isSocket();
  } catch (error) {
    return errorCode(error) !== 'EACCES';
  }
}

/** A daemon that answers a ping is alive, though a question about one container may have to wait. */
function signsOf(socket: string): Signs {
  let answered = false;
  return {
    watch: () => {
      answered = false;
      const ping = connect(socket);
      ping.setTimeout(enginePatience.everyMs, () => ping.destroy());
      ping.on('error', () => undefined);
      ping.once('data', () => {
        answered = true;
        ping.destroy();
      });
      ping.write('GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n');
      ping.unref();
    },
    seen: () => answered,
  };
}
