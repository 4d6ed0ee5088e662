import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { EngineAccess } from '../../src/engine/access.ts';
import { endpointOf } from '../../src/engine/endpoint.ts';
import { NonsenseAnswer, readAnswer } from '../../src/engine/transport/api/answer.ts';
import { ask } from '../../src/engine/transport/api/connection.ts';
import { createExec, inspectExec, Refused, startExec } from '../../src/engine/transport/api/exec.ts';
import { type Output, readFrames } from '../../src/engine/transport/api/frames.ts';
import { inspectBySocket, knownVersion } from '../../src/engine/transport/api/inspect.ts';
import { runScriptByApi } from '../../src/engine/transport/api/script.ts';
import {
  apiSocket,
  isTrusted,
  podmanServiceSocket,
  servedPodman,
} from '../../src/engine/transport/socket.ts';
import { readGreeting } from '../../src/session/streams/greeting.ts';
import { toSize } from '../../src/session/streams/window.ts';
import { enginePatience } from '../../src/system/patience.ts';

const scratch = () => mkdtempSync(join(tmpdir(), 'hermes-shim-test-'));

/** Cuts bytes into pieces at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [
    0,
    ...[...places].map((place) => place % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ];
  return at.slice(1).map((end, index) => bytes.subarray(at[index] ?? 0, end));
}

const frame = (stream: number, text: string): Buffer => {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
};

describe('an answer of the API', () => {
  const json = { Id: 'x'.repeat(50) };
  const sized = `HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: ${JSON.stringify(json).length}\r\n\r\n${JSON.stringify(json)}`;
  const text = JSON.stringify(json);
  const chunks = [text.slice(0, 10), text.slice(10)].map(
    (part) => `${part.length.toString(16)}\r\n${part}\r\n`,
  );
  const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`;

  it.each([
    ['with a length', sized],
    ['in chunks', chunked],
  ])('is read in whatever pieces it comes, %s, and not before it is whole', (_, whole) => {
    const bytes = Buffer.from(whole);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (places) => {
        const reader = readAnswer();
        const pieces = cut(bytes, places).filter(({ length }) => length > 0);
        const last = pieces.pop() ?? Buffer.alloc(0);
        for (const piece of pieces) expect(reader.push(piece)).toBeUndefined();
        const received = reader.push(last);
        expect(received?.answer.status).toBe(200);
        expect(JSON.parse(String(received?.answer.body))).toEqual(json);
        expect(received?.rest).toHaveLength(0);
      }),
    );
  });

  it('that ends the talk by 101 leaves what comes behind it to the session', () => {
    const received = readAnswer().push(Buffer.from('HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nhello'));
    expect([received?.answer.status, String(received?.rest)]).toEqual([101, 'hello']);
  });

  it('without a length is whole when the connection ends, and half of one is none', () => {
    const reader = readAnswer();
    expect(reader.push(Buffer.from('HTTP/1.0 200 OK\r\n\r\n{}'))).toBeUndefined();
    expect(String(reader.end()?.body)).toBe('{}');
    const half = readAnswer();
    half.push(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}'));
    expect(half.end()).toBeUndefined();
  });

  it('that is none is refused, not waited for', () => {
    for (const nonsense of [
      'SSH-2.0-OpenSSH\r\n\r\n',
      '\r\n\r\n',
      'HTTP/1.1 9 x\r\n\r\n',
      'x'.repeat(70_000),
    ])
      expect(() => readAnswer().push(Buffer.from(nonsense)), nonsense.slice(0, 20)).toThrow(NonsenseAnswer);
    const odd = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n0\r\n';
    expect(() => readAnswer().push(Buffer.from(odd))).toThrow(NonsenseAnswer);
  });
});

describe("a session's stream", () => {
  it('is taken apart byte for byte, in whatever pieces it comes', () => {
    const parts = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string({ maxLength: 40 })), { maxLength: 12 });
    fc.assert(
      fc.property(parts, fc.array(fc.nat(600)), (frames, places) => {
        const bytes = Buffer.concat(frames.map(([stream, text]) => frame(stream, text)));
        const seen: Record<Output, string[]> = { stdout: [], stderr: [] };
        const order: Output[] = [];
        const read = readFrames((output, piece) => {
          seen[output].push(piece.toString('latin1'));
          if (order.at(-1) !== output) order.push(output);
        });
        for (const piece of cut(bytes, places)) read(piece);
        const wanted = (stream: number) =>
          Buffer.concat(frames.filter(([one]) => one === stream).map(([, text]) => Buffer.from(text)));
        expect(seen.stdout.join('')).toBe(wanted(1).toString('latin1'));
        expect(seen.stderr.join('')).toBe(wanted(2).toString('latin1'));
        const turns = frames
          .filter(([, text]) => text !== '')
          .map(([one]) => (one === 1 ? 'stdout' : 'stderr'));
        expect(order).toEqual(turns.filter((turn, index) => turn !== turns[index - 1]));
      }),
    );
  });

  it('that is no such stream is not passed on as output', () => {
    expect(() => readFrames(() => undefined)(Buffer.from('unable to find user'))).toThrow(/makes no sense/);
  });

  it('begins with the greeting of the exec wrapper, wherever it is cut; what came before belongs to the output', () => {
    const bytes = Buffer.from('sh: odd\n\x1e?\x1eSrest\x1eM');
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (places) => {
        const reader = readGreeting();
        let greeting: string | undefined;
        let behind = '';
        for (const piece of cut(bytes, places)) {
          const found = greeting ? undefined : reader.push(piece);
          if (greeting) behind += String(piece);
          if (found) [greeting, behind] = [found.greeting, String(found.rest)];
        }
        expect([greeting, behind, String(reader.before())]).toEqual([
          'started',
          'rest\x1eM',
          'sh: odd\n\x1e?',
        ]);
      }),
    );
  });

  it('without a greeting was said by somebody else than hermes, and is kept', () => {
    const reader = readGreeting();
    expect(reader.push(Buffer.from('unable to find '))).toBeUndefined();
    expect(reader.push(Buffer.from('user x'))).toBeUndefined();
    expect(String(reader.before())).toBe('unable to find user x');
    expect(readGreeting().push(Buffer.from('\x1eM'))?.greeting).toBe('missing');
    expect(readGreeting().push(Buffer.from('\x1eF'))?.greeting).toBe('forbidden');
  });
});

describe('a window', () => {
  it('has a size where stty says one', () => {
    expect(toSize('24 80\n')).toEqual({ rows: 24, columns: 80 });
    for (const none of ['0 0', '', '24', 'x y', '0 80']) expect(toSize(none), none).toBeUndefined();
  });
});

describe("the API's version", () => {
  const answer = (body: string, header?: string) => ({
    status: 400,
    headers: new Map(header ? [['api-version', header]] : []),
    body: Buffer.from(body),
  });

  it('is the one that a daemon names which refuses ours', () => {
    expect(
      knownVersion(answer('client version 1.44 is too new. Maximum supported API version is 1.41')),
    ).toBe('1.41');
    expect(
      knownVersion(answer('client version 1.44 is too old. Minimum supported API version is 1.50', '1.60')),
    ).toBe('1.50');
    expect(knownVersion(answer('{}', '1.43'))).toBe('1.43');
    for (const none of [answer('{}'), answer('{}', '1.44'), answer('{}', '../../x'), answer('{}', '2.0')])
      expect(knownVersion(none)).toBeUndefined();
  });
});

describe('where the API is asked', () => {
  const access = (engine: 'docker' | 'podman', kind: EngineAccess['access']): EngineAccess => ({
    engine,
    binary: `/usr/bin/${engine}`,
    access: kind,
  });
  const direct = { kind: 'direct' } as const;
  const sudo = { kind: 'sudo', tool: 'sudo', binary: '/usr/bin/sudo' } as const;
  const local = { kind: 'address', address: 'unix:///x/sock' } as const;

  it("is docker's socket, podman's only where somebody names it or it is there, and never behind sudo", () => {
    expect(apiSocket(access('docker', direct), { kind: 'default' }, {})).toBe('/var/run/docker.sock');
    expect(apiSocket(access('docker', direct), local, {})).toBe('/x/sock');
    expect(apiSocket(access('docker', direct), local, { DOCKER_TLS: '1' })).toBeUndefined();
    expect(apiSocket(access('docker', sudo), { kind: 'default' }, {})).toBeUndefined();
    expect(apiSocket(access('podman', direct), { kind: 'default' }, {})).toBeUndefined();
    expect(apiSocket(access('podman', direct), local, {})).toBe('/x/sock');
    expect(apiSocket(access('podman', { kind: 'socket', socket: '/p/sock' }), local, {})).toBe('/p/sock');
    expect(apiSocket(access('docker', direct), { kind: 'context', name: 'far' }, {})).toBeUndefined();
  });

  it('is a socket of root or of the caller, and nobody else', async () => {
    const dir = scratch();
    const socket = join(dir, 'sock');
    const server = await listen(socket, () => undefined);
    const own = process.getuid?.() ?? 0;
    expect(isTrusted(socket, own)).toBe(true);
    // to another caller it is somebody else's, unless it is root's
    expect(isTrusted(socket, own + 1)).toBe(own === 0);
    writeFileSync(join(dir, 'file'), '');
    expect(isTrusted(join(dir, 'file'), own)).toBe(false);
    expect(isTrusted(join(dir, 'none'), own)).toBe(false);
    server.close();
  });

  it("is a rootless podman's service where it runs", async () => {
    const runtime = scratch();
    mkdirSync(join(runtime, 'podman'));
    const socket = join(runtime, 'podman/podman.sock');
    const env = { XDG_RUNTIME_DIR: runtime };
    const uid = process.getuid?.() || 7;
    expect(servedPodman(env, { uid, own: true })).toBeUndefined();
    const server = await listen(socket, () => undefined);
    expect(servedPodman(env, { uid, own: true })).toBe(socket);
    // a relative directory counts as none: whoever may write the current one could put a socket there
    const relative = podmanServiceSocket({ XDG_RUNTIME_DIR: '.' }, { uid: 7, own: true });
    expect(relative).toBe('/run/user/7/podman/podman.sock');
    server.close();
  });

  it("is where docker's context of this machine says, as docker itself finds it", () => {
    const home = scratch();
    const hash = createHash('sha256').update('rootless').digest('hex');
    const dir = join(home, '.docker/contexts/meta', hash);
    mkdirSync(dir, { recursive: true });
    const meta = { Name: 'rootless', Endpoints: { docker: { Host: 'unix:///run/user/7/docker.sock' } } };
    writeFileSync(join(dir, 'meta.json'), JSON.stringify(meta));
    const env = { HOME: home, DOCKER_CONTEXT: 'rootless' };
    expect(endpointOf(access('docker', direct), env)).toEqual({
      kind: 'address',
      address: 'unix:///run/user/7/docker.sock',
    });
    writeFileSync(join(dir, 'meta.json'), '{"Endpoints": []}');
    expect(endpointOf(access('docker', direct), env)).toEqual({ kind: 'context', name: 'rootless' });
  });
});

const servers: Server[] = [];
const held: Socket[] = [];

afterEach(() => {
  for (const socket of held.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** Somebody who listens and answers each question, a string of its head and body, by himself. */
async function listen(path: string, answer: (question: string, socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    held.push(socket);
    socket.on('error', () => undefined).on('data', (chunk) => answer(String(chunk), socket));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}

const reply = (status: string, body: unknown, more = ''): string => {
  const text = JSON.stringify(body);
  return `HTTP/1.1 ${status}\r\n${more}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
};

describe('an engine on its socket', () => {
  const id = 'a'.repeat(64);
  const container = { Id: id, Name: '/x', State: { Status: 'running' }, Config: {}, HostConfig: {} };

  it('that is older is asked again by its own version, on the same connection', async () => {
    const socket = join(scratch(), 'sock');
    const asked: string[] = [];
    let connections = 0;
    const server = await listen(socket, (question, caller) => {
      asked.push(question.split('\r\n')[0] ?? '');
      if (question.includes('/v1.44/'))
        caller.write(reply('400 Bad Request', { message: 'too new. Maximum supported API version is 1.41' }));
      else caller.write(reply('200 OK', container));
    });
    server.on('connection', () => {
      connections += 1;
    });
    expect(await inspectBySocket('docker', socket, 'x', enginePatience)).toMatchObject({
      kind: 'found',
      api: { socket, version: '1.41', libpod: false },
    });
    expect(asked).toEqual(['GET /v1.44/containers/x/json HTTP/1.1', 'GET /v1.41/containers/x/json HTTP/1.1']);
    expect(connections).toBe(1);
  });

  it('is known to be podman by its answer, also where docker was asked for', async () => {
    const socket = join(scratch(), 'sock');
    await listen(
      socket,
      (_, caller) => void caller.write(reply('200 OK', container, 'Libpod-Api-Version: 4.3.1\r\n')),
    );
    expect(await inspectBySocket('docker', socket, 'x', enginePatience)).toMatchObject({
      api: { libpod: true },
    });
  });

  it('that is podman’s and does not answer is left to podman’s client', async () => {
    expect(await inspectBySocket('podman', join(scratch(), 'none'), 'x', enginePatience)).toBeUndefined();
  });

  it('refuses in its own words, and nothing was started', async () => {
    const socket = join(scratch(), 'sock');
    await listen(
      socket,
      (_, caller) => void caller.write(reply('409 Conflict', { message: 'Container x is paused' })),
    );
    const api = { socket, version: '1.41', libpod: false };
    const request = { containerId: id, user: '0', command: ['true'], stdin: false };
    await expect(createExec(api, request)).rejects.toEqual(new Refused(409, 'Container x is paused'));
    await expect(startExec(api, id, { terminal: undefined })).rejects.toBeInstanceOf(Refused);
  });

  it.each([
    ['docker, running', { Running: true, ExitCode: null, Pid: 7 }, false, { kind: 'running' }],
    ['podman, running, which says 0', { Running: true, ExitCode: 0, Pid: 7 }, true, { kind: 'running' }],
    ['docker, not begun', { Running: false, ExitCode: null, Pid: 0 }, false, { kind: 'running' }],
    [
      'docker, never ran',
      { Running: false, ExitCode: 126, Pid: 0 },
      false,
      { kind: 'ended', code: 126, neverRan: true },
    ],
    [
      'docker, ended',
      { Running: false, ExitCode: 3, Pid: 7 },
      false,
      { kind: 'ended', code: 3, neverRan: false },
    ],
    [
      'podman, ended',
      { Running: false, ExitCode: 3, Pid: 0, CanRemove: true },
      true,
      { kind: 'ended', code: 3, neverRan: false },
    ],
    [
      'podman, of whose end it does not know',
      { Running: false, ExitCode: -1, Pid: 0, CanRemove: true },
      true,
      { kind: 'untold' },
    ],
    [
      'podman, not begun',
      { Running: false, ExitCode: 0, Pid: 0, CanRemove: false },
      true,
      { kind: 'running' },
    ],
  ])('says how a session stands: %s', async (_, said, libpod, state) => {
    const socket = join(scratch(), 'sock');
    await listen(socket, (_question, caller) => void caller.write(reply('200 OK', said)));
    expect(await inspectExec({ socket, version: '1.41', libpod }, id)).toEqual(state);
  });

  it('that knows a session no more says so', async () => {
    const socket = join(scratch(), 'sock');
    await listen(
      socket,
      (_, caller) => void caller.write(reply('404 Not Found', { message: 'No such exec instance' })),
    );
    expect(await inspectExec({ socket, version: '1.41', libpod: false }, id)).toEqual({ kind: 'forgotten' });
  });

  it('runs a script and hands on what it prints, with an answer to its first line', async () => {
    const socket = join(scratch(), 'sock');
    await listen(socket, (question, caller) => {
      if (question.includes('/containers/')) caller.write(reply('201 Created', { Id: id }));
      else if (question.includes('/start'))
        caller.write(
          Buffer.concat([Buffer.from('HTTP/1.1 101 UPGRADED\r\n\r\n'), frame(1, 'found\n'), frame(2, 'oh')]),
        );
      else if (question.startsWith('go')) caller.end(frame(1, `${question.trim()}ne\n`));
      else caller.write(reply('200 OK', { Running: false, ExitCode: 4, Pid: 7 }));
    });
    const script = { containerId: id, user: '0', script: 'x', name: 'sh', args: [] };
    const result = await runScriptByApi({ socket, version: '1.41', libpod: false }, script, {
      timeoutMs: 5000,
      answer: (line) => (line === 'found' ? 'go\n' : ''),
    });
    expect(result).toEqual({ kind: 'exited', code: 4, stdout: 'found\ngone\n', stderr: 'oh' });
  });

  it('that answers a script with nothing is given up in time, and at once when it is told to', async () => {
    const socket = join(scratch(), 'sock');
    await listen(socket, () => undefined);
    const api = { socket, version: '1.41', libpod: false };
    const script = { containerId: id, user: '0', script: 'x', name: 'sh', args: [] };
    expect(await runScriptByApi(api, script, { timeoutMs: 20 })).toMatchObject({ kind: 'timed-out' });
    const early = await runScriptByApi(api, script, { timeoutMs: 60_000, signal: AbortSignal.abort() });
    expect(early).toMatchObject({ kind: 'timed-out' });
  });

  it('gives a stream with 200, too, where something in between has taken Upgrade away', async () => {
    const socket = join(scratch(), 'sock');
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n';
    await listen(socket, (_, caller) => void caller.write(`${head}said at once`));
    const { upgraded } = await ask(socket, { method: 'POST', path: '/exec/x/start', upgrade: true });
    expect(upgraded?.head.toString()).toBe('said at once');
    expect(upgraded?.socket.destroyed).toBe(false);
    upgraded?.socket.destroy();
  });

  it('that hangs up before its answer is whole is an error of the system', async () => {
    const socket = join(scratch(), 'sock');
    await listen(socket, (_, caller) => void caller.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{'));
    await expect(ask(socket, { method: 'GET', path: '/x' })).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(ask(join(scratch(), 'none'), { method: 'GET', path: '/x' })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
