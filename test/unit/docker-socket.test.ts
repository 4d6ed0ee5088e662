import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { askSocket, readAnswer, socketOf, speaksPlainly } from '../../src/engine/docker-socket.ts';
import { enginePatience } from '../../src/system/patience.ts';

const [running] = JSON.parse(readFileSync(new URL('fixtures/docker-running.json', import.meta.url), 'utf8'));
const name = String(running.Name).replace('/', '');
const answer = (status: string, body: unknown): string =>
  `HTTP/1.0 ${status}\r\nContent-Type: application/json\r\n\r\n${typeof body === 'string' ? body : JSON.stringify(body)}`;

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
    expect(speaksPlainly({})).toBe(true);
    for (const variable of ['DOCKER_API_VERSION', 'DOCKER_TLS', 'DOCKER_TLS_VERIFY']) {
      expect(speaksPlainly({ [variable]: '1' }), variable).toBe(false);
    }
  });

  it('answers with the container, by its full name alone', () => {
    expect(readAnswer(answer('200 OK', running), name)).toMatchObject({
      kind: 'found',
      container: { id: running.Id, name },
    });
    expect(readAnswer(answer('200 OK', running), running.Id.slice(0, 12))).toEqual({ kind: 'absent' });
  });

  it('answers that there is no such container', () => {
    expect(readAnswer(answer('404 Not Found', { message: 'No such container: x' }), 'x')).toEqual({
      kind: 'absent',
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
      expect(readAnswer(text, name), text).toBeUndefined();
    }
    expect(readAnswer(answer('404 Not Found', { message: 'page not found' }), name)).toBeUndefined();
    expect(readAnswer(answer('301 Moved', running), name)).toBeUndefined();
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
    expect(await askSocket(socket, name, enginePatience)).toMatchObject({
      kind: 'found',
      container: { name },
    });
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true });
  });

  it('that takes a question and never answers it counts as silent', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hermes-shim-test-'));
    const socket = join(directory, 'sock');
    const server = createServer((connection) => connection.resume());
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    expect(await askSocket(socket, 'x', { silentMs: 50, everyMs: 25, longestMs: 50 })).toMatchObject({
      kind: 'silent',
      busy: false,
    });
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true });
  });
});
