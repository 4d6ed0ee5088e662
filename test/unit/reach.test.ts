/** A look at the engines: whom it asks, and what it says where several have something to say. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Lookup, lookUp } from '../../src/engine/reach.ts';
import type { Engine } from '../../src/route/metadata.ts';

/** A machine with stand-ins for engines and sudo, each of which notes that it was called. */
function machine() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'hermes-shim-unit-')));
  const [bin, home, log] = [join(root, 'bin'), join(root, '.hermes'), join(root, 'log')];
  for (const dir of [bin, home]) mkdirSync(dir);
  writeFileSync(log, '');
  const env = { PATH: bin, HOME: root, XDG_RUNTIME_DIR: root, DOCKER_API_VERSION: '1.41' };
  return {
    env,
    /** A program that says these words, and ends with this code. */
    program(name: string, words: string, code = 0) {
      writeFileSync(join(root, `${name}.words`), words);
      const stream = code === 0 ? 1 : 2;
      const script = `#!/bin/sh\necho ${name} >>${log}\n/bin/cat ${root}/${name}.words >&${stream}\nexit ${code}\n`;
      writeFileSync(join(bin, name), script);
      chmodSync(join(bin, name), 0o755);
    },
    called: () => readFileSync(log, 'utf8').trim().split('\n').filter(Boolean),
    /** What the engine says of this home's container, which has ended. */
    ended(engine: Engine): string {
      const text = readFileSync(new URL(`fixtures/${engine}-exited.json`, import.meta.url), 'utf8');
      const [facts] = JSON.parse(text) as { Mounts: { Source: string; Destination: string }[] }[];
      if (facts?.Mounts[0]) facts.Mounts[0].Source = root;
      return JSON.stringify([facts]);
    },
    look(backend: Engine | undefined): Lookup {
      const metadata = { backend, containerName: 'hermes-agent', execUser: 'hermes', hermesBin: '/x' };
      return {
        route: {
          ...{ kind: 'container', file: join(home, '.container-mode'), homePath: home, homeRoot: home },
          ...{ profile: undefined, ownerUid: 0, metadata: metadata as never },
        },
        caller: { name: 'hermes', env, uid: 7 },
        memory: { refusals: new Map(), last: false },
      };
    },
  };
}

const unknownToPodman = 'Error: no such container hermes-agent';
const passwordRequired = 'sudo: a password is required';

describe('a look at the engines', () => {
  it('a container that docker has shown needs no sudo, whose every attempt is logged', async () => {
    const { program, called, ended, look } = machine();
    program('docker', ended('docker'));
    program('sudo', passwordRequired, 1);
    const found = await lookUp(look('docker'));
    expect(found).toMatchObject({ kind: 'not-ready', cause: { kind: 'not-running', engine: 'docker' } });
    expect(called()).toEqual(['docker']);
  });

  it('one that another daemon of this user has shown may be root’s as well, which runs', async () => {
    const { program, called, ended, look, env } = machine();
    program('docker', ended('docker'));
    program('sudo', passwordRequired, 1);
    const lookup = look('docker');
    const own = { ...env, DOCKER_HOST: `unix://${env.HOME}/docker.sock` };
    const found = await lookUp({ ...lookup, caller: { ...lookup.caller, env: own } });
    expect(found).toMatchObject({ cause: { kind: 'not-running', engine: 'docker' } });
    expect(called()).toEqual(['docker', 'sudo']);
  });

  it('the engine that has the container is told, not one that this user may not ask', async () => {
    const { program, ended, look } = machine();
    program(
      'docker',
      'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
      1,
    );
    program('podman', ended('podman'));
    program('sudo', passwordRequired, 1);
    expect(await lookUp(look(undefined))).toMatchObject({
      kind: 'not-ready',
      cause: { kind: 'not-running', engine: 'podman' },
    });
  });

  it('of two engines of which none has it, the first one’s complaint is told', async () => {
    const { program, look } = machine();
    program('docker', 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?', 1);
    program('podman', unknownToPodman, 125);
    program('sudo', passwordRequired, 1);
    expect(await lookUp(look(undefined))).toMatchObject({ cause: { kind: 'daemon-down', engine: 'docker' } });
  });
});

it('a closed socket keeps nobody’s place for the next question', async () => {
  const { ask } = await import('../../src/engine/transport/api/connection.ts');
  const socket = join(mkdtempSync(join(tmpdir(), 'hermes-shim-unit-')), 'sock');
  // as a proxy of HTTP/1.0: an answer without a length, which the end of the connection ends
  const server = createServer({ allowHalfOpen: false }, (connection) => {
    connection.on('error', () => undefined);
    connection.once('data', () => connection.end('HTTP/1.0 200 OK\r\n\r\n{}'));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const question = { method: 'GET', path: '/x' } as const;
  for (let turn = 1; turn <= 3; turn += 1)
    expect((await ask(socket, question, { signal: AbortSignal.timeout(10_000) })).answer.status).toBe(200);
  server.close();
});
