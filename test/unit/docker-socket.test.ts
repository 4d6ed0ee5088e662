import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../src/engine/transport/api/answer.ts';
import { inspectBySocket, judge } from '../../src/engine/transport/api/inspect.ts';
import { apiSocket, socketOf } from '../../src/engine/transport/socket.ts';
import { enginePatience } from '../../src/system/patience.ts';

const [running] = JSON.parse(readFileSync(new URL('fixtures/docker-running.json', import.meta.url), 'utf8'));
const name = String(running.Name).replace('/', '');
const withLength = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const answer = (status: string, body: unknown): string =>
  withLength(status, typeof body === 'string' ? body : JSON.stringify(body));

const api = { socket: '/sock', version: '1.44', libpod: false };

/** What is made of a whole answer; undefined where it is none. */
function judged(text: string, containerName: string) {
  const reader = readAnswer();
  try {
    const whole = reader.push(Buffer.from(text))?.answer ?? reader.end();
    return whole && judge(whole, containerName, api);
  } catch {
    return undefined;
  }
}

describe("docker's socket", () => {
  it('is asked where the client would use a socket of this machine, and nowhere else', () => {
    expect(socketOf({ kind: 'default' })).toBe('/var/run/docker.sock');
    expect(socketOf({ kind: 'address', address: 'unix:///run/user/1000/docker.sock' })).toBe(
      '/run/user/1000/docker.sock',
    );
    for (const address of [
      'tcp://127.0.0.1:2375',
      'ssh://host',
      'unix://relative',
      'npipe:////./pipe/docker',
      '',
    ]) {
      expect(socketOf({ kind: 'address', address }), address).toBeUndefined();
    }
    expect(socketOf({ kind: 'context', name: 'remote' })).toBeUndefined();
  });

  it('is left to the client where settings make it speak otherwise', () => {
    const asked = (env: Record<string, string>) =>
      apiSocket(
        { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } },
        { kind: 'default' },
        env,
      );
    expect(asked({})).toBe('/var/run/docker.sock');
    for (const variable of ['DOCKER_API_VERSION', 'DOCKER_TLS', 'DOCKER_TLS_VERIFY']) {
      expect(asked({ [variable]: '1' }), variable).toBeUndefined();
    }
  });

  it('answers with the container, by its full name alone', () => {
    expect(judged(answer('200 OK', running), name)).toMatchObject({
      kind: 'found',
      container: { id: running.Id, name },
    });
    expect(judged(answer('200 OK', running), running.Id.slice(0, 12))).toEqual({ kind: 'absent', api });
  });

  it('answers that there is no such container', () => {
    expect(judged(answer('404 Not Found', { message: 'No such container: x' }), 'x')).toEqual({
      kind: 'absent',
      api,
    });
  });

  it('is not believed when it answers anything else: then the client is asked', () => {
    for (const text of [
      '',
      'HTTP/1.0 200 OK',
      answer('200 OK', '{'),
      answer('200 OK', '[]'),
      answer('500 Internal', {}),
    ]) {
      expect(judged(text, name), text).toBeUndefined();
    }
    expect(judged(answer('404 Not Found', { message: 'page not found' }), name)).toBeUndefined();
    expect(judged(answer('301 Moved', running), name)).toBeUndefined();
  });

  it.each([
    ['whole', (text: string) => [text]],
    ['cut anywhere, also behind a bracket', (text: string) => text.split(/(?<=\}|.{700})/s)],
  ])('is understood while the connection is still open, when its answer comes %s', async (_, cut) => {
    const directory = mkdtempSync(join(tmpdir(), 'hermes-shim-test-'));
    const socket = join(directory, 'sock');
    const pieces = cut(`${answer('200 OK', running)}\n`);
    const server = createServer((connection) => {
      connection.setNoDelay(true).on('error', () => undefined);
      const next = () => {
        const piece = pieces.shift();
        if (piece !== undefined) connection.write(piece, () => setTimeout(next, 1));
      };
      connection.once('data', next);
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    expect(await inspectBySocket('docker', socket, name, enginePatience)).toMatchObject({
      kind: 'found',
      container: { name },
    });
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true });
  });

  it('that takes a question and never answers it counts as silent', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hermes-shim-test-'));
    const socket = join(directory, 'sock');
    const connections: Socket[] = [];
    const server = createServer((connection) => void connections.push(connection.resume()));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    expect(
      await inspectBySocket('docker', socket, 'x', { silentMs: 50, everyMs: 25, longestMs: 50 }),
    ).toMatchObject({
      kind: 'silent',
      busy: false,
    });
    // a ping is waited for as long as a real engine may take
    for (const connection of connections) connection.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true });
  });
});
