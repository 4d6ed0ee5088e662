import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EngineAccess } from '../../src/engine/access.ts';
import { type Endpoint, endpointOf, isLocal, remoteAddress } from '../../src/engine/endpoint.ts';
import { endTied } from '../../src/system/tied.ts';

const docker: EngineAccess = { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } };
const podman: EngineAccess = { ...docker, engine: 'podman', binary: '/usr/bin/podman' };
const sudo = { kind: 'sudo', tool: 'sudo', binary: '/usr/bin/sudo' } as const;

const usual: Endpoint = { kind: 'default' };
const at = (address: string): Endpoint => ({ kind: 'address', address });
const context = (name: string): Endpoint => ({ kind: 'context', name });

const [HOST, FAR] = ['unix:///run/user/1000/docker.sock', 'ssh://far'];

describe('the daemon that is asked is the one that the caller’s own client would ask', () => {
  it.each<[string, EngineAccess, Record<string, string>, string | undefined, Endpoint]>([
    ['docker: nothing set', docker, {}, undefined, usual],
    ['docker: DOCKER_HOST', docker, { DOCKER_HOST: HOST }, undefined, at(HOST)],
    ['docker: an empty DOCKER_HOST', docker, { DOCKER_HOST: '' }, undefined, usual],
    ['docker: DOCKER_HOST first', docker, { DOCKER_HOST: HOST, DOCKER_CONTEXT: 'c' }, 'd', at(HOST)],
    ['docker: then DOCKER_CONTEXT', docker, { DOCKER_CONTEXT: 'c' }, 'd', context('c')],
    ['docker: then its config', docker, {}, 'd', context('d')],
    ['docker: an empty DOCKER_CONTEXT', docker, { DOCKER_CONTEXT: '' }, 'd', context('d')],
    ['docker: the context called default', docker, { DOCKER_CONTEXT: 'default' }, 'd', usual],
    ['docker: podman’s variables are not its', docker, { CONTAINER_HOST: FAR }, undefined, usual],
    ['podman: nothing set', podman, {}, 'd', usual],
    ['podman: CONTAINER_HOST', podman, { CONTAINER_HOST: FAR }, undefined, at(FAR)],
    [
      'podman: CONTAINER_HOST first',
      podman,
      { CONTAINER_HOST: FAR, CONTAINER_CONNECTION: 'c' },
      'd',
      at(FAR),
    ],
    ['podman: CONTAINER_CONNECTION', podman, { CONTAINER_CONNECTION: 'c' }, 'd', at('connection c')],
    ['podman: an empty one', podman, { CONTAINER_CONNECTION: '' }, undefined, usual],
    ['podman: docker’s variables are not its', podman, { DOCKER_HOST: FAR, DOCKER_CONTEXT: 'c' }, 'd', usual],
    [
      'docker by sudo, which drops variables',
      { ...docker, access: sudo },
      { DOCKER_HOST: FAR, DOCKER_CONTEXT: 'c' },
      'd',
      usual,
    ],
    ['podman by sudo', { ...podman, access: sudo }, { CONTAINER_HOST: FAR }, 'd', usual],
  ])('%s', (_, via, env, configured, endpoint) => {
    expect(endpointOf(via, env, { dockerConfig: () => configured, contextHost: () => undefined })).toEqual(
      endpoint,
    );
  });

  it.each<[string, string | undefined, Endpoint]>([
    ['a context', '{"currentContext":"colima"}', context('colima')],
    ['the default one', '{"currentContext":"default"}', usual],
    ['no context', '{"auths":{}}', usual],
    ['something else in its place', '{"currentContext":{"name":"x"}}', usual],
    ['null', 'null', usual],
    ['no JSON', '{currentContext', usual],
    ['nothing: it is not there', undefined, usual],
  ])('docker’s own config file says %s', (_, text, endpoint) => {
    const home = mkdtempSync(join(tmpdir(), 'endpoint-'));
    mkdirSync(join(home, '.docker'));
    if (text !== undefined) writeFileSync(join(home, '.docker/config.json'), text);
    expect(endpointOf(docker, { HOME: home })).toEqual(endpoint);
    const elsewhere = { HOME: '/nonexistent', DOCKER_CONFIG: join(home, '.docker') };
    expect(endpointOf(docker, elsewhere)).toEqual(endpoint);
    expect(endpointOf(docker, { HOME: home, DOCKER_CONFIG: '/nonexistent' })).toEqual(usual);
  });

  describe('without HOME', () => {
    afterEach(() => void vi.unstubAllEnvs());
    it('the config file is looked for where the system says that the user lives', () => {
      const home = mkdtempSync(join(tmpdir(), 'endpoint-'));
      mkdirSync(join(home, '.docker'));
      writeFileSync(join(home, '.docker/config.json'), '{"currentContext":"mine"}');
      vi.stubEnv('HOME', home); // what homedir() reads
      for (const env of [{}, { HOME: '' }]) expect(endpointOf(docker, env)).toEqual(context('mine'));
    });
  });
});

describe('an engine on another machine', () => {
  it.each([
    ['unix:///var/run/docker.sock', true],
    ['/run/podman/podman.sock', true],
    ['ssh://unix://x', false],
    ['tcp://127.0.0.1:2375', false],
    ['ssh://me@far/run/podman.sock', false],
    ['connection mine', false],
    ['', false],
  ])('is none at %j: %s', (address, local) => {
    expect(isLocal(address)).toBe(local);
  });

  it('is told by its address', async () => {
    expect(await remoteAddress(docker, usual, {})).toBeUndefined();
    expect(await remoteAddress(docker, at(HOST), {})).toBeUndefined();
    expect(await remoteAddress(docker, at('tcp://far:2375'), {})).toBe('tcp://far:2375');
  });

  /** A client that says this of the context it is asked for, when it is asked as docker is. */
  function clientSaying(script: string): EngineAccess {
    const binary = join(mkdtempSync(join(tmpdir(), 'endpoint-')), 'docker');
    const asked = '[ "$*" = "context inspect --format {{.Endpoints.docker.Host}} $CONTEXT" ] || exit 3';
    writeFileSync(binary, `#!/bin/sh\n${asked}\n${script}\n`, { mode: 0o755 });
    return { ...docker, binary };
  }

  it.each([
    ['a local one', 'echo unix:///run/docker.sock', undefined],
    ['another machine', 'echo tcp://far:2376', 'context work, tcp://far:2376'],
    ['nothing', ':', 'context work'],
    ['an error: nobody knows that it is a local one', 'echo unix:///x; exit 1', 'context work'],
  ])('behind a context is found by asking docker, which says %s', async (_, script, remote) => {
    const env = { PATH: '/usr/bin:/bin', CONTEXT: 'work' };
    expect(await remoteAddress(clientSaying(script), context('work'), env)).toBe(remote);
  });

  it('is not asked for any longer once a signal ends us: docker does not stay behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] }); // so that nothing but the signal ends it
    try {
      const env = { PATH: '/usr/bin:/bin', CONTEXT: 'work' };
      const client = clientSaying('echo $$ >"$0.pid"; exec sleep 1000');
      const asked = remoteAddress(client, context('work'), env);
      const pid = () => Number(readFileSync(`${client.binary}.pid`, 'utf8'));
      while (!existsSync(`${client.binary}.pid`) || pid() === 0)
        await new Promise((resolve) => setImmediate(resolve));
      endTied();
      expect(await asked).toBe('context work');
      expect(() => process.kill(pid(), 0)).toThrow('ESRCH');
    } finally {
      vi.useRealTimers();
    }
  });

  it('may be behind a context where docker cannot be asked', async () => {
    const nobody = { ...docker, binary: '/nonexistent/docker' };
    expect(await remoteAddress(nobody, context('work'), {})).toBe('context work');
  });
});
