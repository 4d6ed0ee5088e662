import { statSync } from 'node:fs';
import { connect } from 'node:net';
import type { Environment } from '../system/environment.ts';
import { errorCode } from '../system/error-code.ts';
import { allowTime, enginePatience, type Patience, type Signs } from '../system/patience.ts';
import { toContainer } from './container.ts';
import type { Endpoint } from './endpoint.ts';
import { foundByName, type ProbeResult } from './probe-result.ts';

/** Where docker listens when nothing else is said. */
const defaultSocket = '/var/run/docker.sock';

/** Longest answer that is read, in bytes; a container's is some ten thousand, more with labels of megabytes. */
const answerLimit = 32 * 1024 * 1024;

/** Of a longer answer than this, in bytes, it is not tried after each piece whether it is whole. */
const shortAnswer = 256 * 1024;

/** The daemon's socket that an endpoint stands for, or `undefined` where only the client knows the way (TCP, ssh, contexts). */
export function socketOf(endpoint: Endpoint): string | undefined {
  if (endpoint.kind === 'default') return defaultSocket;
  if (endpoint.kind !== 'address') return undefined;
  const path = endpoint.address.startsWith('unix://') ? endpoint.address.slice('unix://'.length) : '';
  return path.startsWith('/') ? path : undefined;
}

/** Variables that make docker's client speak otherwise than we do here: then it is asked itself. */
export function speaksPlainly(env: Environment): boolean {
  return !env.DOCKER_API_VERSION && !env.DOCKER_TLS && !env.DOCKER_TLS_VERIFY;
}

/**
 * Asks docker's daemon for one container by a single request on its socket: 4 to 9 ms where starting the client
 * for `inspect` takes 20. HTTP/1.0, so that the answer is one piece without chunks.
 * @returns `undefined` where the answer is none of those we know: the client shall be asked
 */
export function askSocket(
  socket: string,
  containerName: string,
  patience: Patience,
): Promise<ProbeResult | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const connection = connect(socket);
    const stopWatch = allowTime(
      patience,
      () => Promise.resolve(signsOf(socket)),
      (silence) => finish({ kind: 'silent', ...silence }),
    );
    const finish = (result: ProbeResult | undefined): void => {
      resolve(result);
      stopWatch();
      // half a millisecond, for which nobody shall wait
      setImmediate(() => connection.destroy());
    };
    connection.once('error', (error: NodeJS.ErrnoException) => finish(toUnreachable(socket, error.code)));
    const read = () => readAnswer(Buffer.concat(chunks).toString('utf8'), containerName);
    connection.on('data', (chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > answerLimit) return finish(undefined);
      // what reads as an object is whole: the connection's end need not be waited for
      const answer = length <= shortAnswer && endsAnObject(chunk) ? read() : undefined;
      if (answer !== undefined) finish(answer);
    });
    connection.once('end', () => finish(read()));
    connection.write(`GET /containers/${containerName}/json HTTP/1.0\r\nHost: docker\r\n\r\n`);
  });
}

function endsAnObject(chunk: Buffer): boolean {
  return chunk
    .toString('latin1', Math.max(0, chunk.length - 2))
    .trimEnd()
    .endsWith('}');
}

function toUnreachable(socket: string, code: string | undefined): ProbeResult | undefined {
  switch (code) {
    case 'ENOENT':
      // a docker that is podman underneath has no daemon, and needs none
      return socket === defaultSocket ? undefined : { kind: 'daemon-down', detail: `there is no ${socket}` };
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

/** Reads the daemon's whole answer. 200 and 404 are understood; the name must be the one that was asked for. */
export function readAnswer(text: string, containerName: string): ProbeResult | undefined {
  const body = text.indexOf('\r\n\r\n');
  const status = /^HTTP\/1\.[01] (\d{3}) /.exec(text)?.[1];
  if (body < 0) return undefined;
  if (status === '404') return /no such container/i.test(text.slice(body)) ? { kind: 'absent' } : undefined;
  if (status !== '200') return undefined;
  try {
    const container = toContainer(JSON.parse(text.slice(body)));
    if (container === undefined) return undefined;
    return foundByName(container, containerName);
  } catch {
    return undefined;
  }
}
