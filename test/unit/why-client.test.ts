import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkTransport } from '../../src/companion/check-transport.ts';
import { isRootless } from '../../src/companion/check-user.ts';
import type { Access, EngineAccess } from '../../src/engine/access.ts';
import { type Endpoint, endpointOf } from '../../src/engine/endpoint.ts';
import { joinDocker, joinPodman, podmanUnit } from '../../src/engine/privilege-rules.ts';
import { apiSocket } from '../../src/engine/transport/socket.ts';
import { transportFact, whyClient } from '../../src/engine/transport/why-client.ts';
import type { WhyClient } from '../../src/report/fact.ts';
import type { Engine } from '../../src/route/metadata.ts';
import './scratch.ts';

const viaOf = (engine: Engine, access: Access = { kind: 'direct' }): EngineAccess => ({
  engine,
  binary: `/usr/bin/${engine}`,
  access,
});
const sudo: Access = { kind: 'sudo', tool: 'sudo', binary: '/usr/bin/sudo' };

/** Why, for uid 1000 with these settings, where every socket is there and answers nothing. */
const why = (
  engine: Engine,
  env: Record<string, string>,
  {
    access = { kind: 'direct' } as Access,
    own = false,
    uid = 1000,
    exists = true,
    trusted = true,
    endpoint = undefined as Endpoint | undefined,
  } = {},
): WhyClient => {
  const via = viaOf(engine, access);
  const settings = { env, endpoint: endpoint ?? endpointOf(via, { HOME: '/nonexistent', ...env }) };
  const sight = { exists: () => exists, trusted: () => trusted };
  return whyClient(via, { ...settings, whose: { uid, own } }, sight);
};

describe('why an engine is spoken to by its client', () => {
  it('is that sudo or doas has to run it, whatever else is set', () => {
    expect(why('podman', { CONTAINER_HOST: 'unix:///s' }, { access: sudo })).toEqual({
      kind: 'sudo',
      tool: 'sudo',
    });
  });

  it.each(['DOCKER_API_VERSION', 'DOCKER_TLS', 'DOCKER_TLS_VERIFY'])('is docker’s setting %s', (name) => {
    expect(why('docker', { [name]: '1' })).toEqual({ kind: 'setting', name });
    // an empty one is none, and podman knows none of them
    expect(why('docker', { [name]: '' }).kind).toBe('unanswered');
    expect(why('podman', { [name]: '1' }).kind).toBe('unanswered');
  });

  it('is an engine elsewhere, or a name that only the client can look up; what is set besides does not matter then', () => {
    const far = { kind: 'elsewhere', address: 'tcp://far:2376' };
    expect(why('docker', { DOCKER_HOST: 'tcp://far:2376', DOCKER_TLS_VERIFY: '1' })).toEqual(far);
    expect(why('docker', {}, { endpoint: { kind: 'context', name: 'build' } })).toEqual({
      kind: 'elsewhere',
      address: 'context build',
    });
    expect(why('podman', { CONTAINER_CONNECTION: 'vm' })).toEqual({
      kind: 'elsewhere',
      address: 'connection vm',
    });
  });

  it('is a socket that is not there: the caller’s own for a home of their own, else root’s', () => {
    const env = { XDG_RUNTIME_DIR: '/run/user/7' };
    const none = (socket: string) => ({ kind: 'no-socket', socket });
    expect(why('podman', env, { own: true, exists: false })).toEqual(none('/run/user/7/podman/podman.sock'));
    expect(why('podman', {}, { own: true, exists: false })).toEqual(
      none('/run/user/1000/podman/podman.sock'),
    );
    expect(why('podman', env, { exists: false })).toEqual(none('/run/podman/podman.sock'));
    expect(why('podman', env, { uid: 0, exists: false })).toEqual(none('/run/podman/podman.sock'));
    expect(why('docker', {}, { exists: false })).toEqual(none('/var/run/docker.sock'));
    expect(why('podman', { CONTAINER_HOST: 'unix:///s' }, { exists: false })).toEqual(none('/s'));
  });

  it('is a socket of a stranger’s, or one on which nobody answered', () => {
    expect(why('docker', { DOCKER_HOST: 'unix:///s' }, { trusted: false })).toEqual({
      kind: 'stranger',
      socket: '/s',
    });
    expect(why('docker', { DOCKER_HOST: 'unix:///s' })).toEqual({ kind: 'unanswered', socket: '/s' });
  });

  it('is asked only where no API answered; else the socket and the version are told', () => {
    const settings = { env: {}, endpoint: { kind: 'default' }, whose: { uid: 0, own: false } } as const;
    const api = { socket: '/s', version: '1.41', libpod: true };
    expect(transportFact(viaOf('podman'), api, settings)).toEqual({
      about: 'transport',
      socket: '/s',
      version: '1.41',
    });
    expect(transportFact(viaOf('podman', sudo), undefined, settings)).toMatchObject({
      engine: 'podman',
      why: { kind: 'sudo' },
    });
  });

  it('is told wherever no socket is to be asked', () => {
    const cases = [
      ['docker', {}, sudo],
      ['docker', { DOCKER_API_VERSION: '1.41' }, undefined],
      ['docker', { DOCKER_HOST: 'ssh://far' }, undefined],
      ['podman', { CONTAINER_HOST: 'tcp://far' }, undefined],
    ] as const;
    for (const [engine, env, access] of cases) {
      const via = viaOf(engine, access);
      expect(apiSocket(via, endpointOf(via, env), env)).toBeUndefined();
      expect(why(engine, env, access ? { access } : {}).kind).not.toBe('unanswered');
    }
  });
});

describe('doctor’s row transport', () => {
  const reader = { userName: 'alice', onNixos: false };
  const rowOf = (engine: Engine, reason: WhyClient, { uid = 1000, onNixos = false } = {}) =>
    checkTransport({ about: 'transport', engine, why: reason }, { uid }, { ...reader, onNixos });
  const advised = (...args: Parameters<typeof rowOf>) => rowOf(...args).fixes.map(({ text }) => text);

  it('is never a fault, and has no advice where there is nothing to gain', () => {
    const reasons: WhyClient[] = [
      { kind: 'sudo', tool: 'sudo' },
      { kind: 'setting', name: 'DOCKER_TLS' },
      { kind: 'elsewhere', address: 'ssh://far' },
      { kind: 'no-socket', socket: '/run/podman/podman.sock' },
      { kind: 'stranger', socket: '/s' },
      { kind: 'unanswered', socket: '/s' },
    ];
    for (const reason of reasons) expect(rowOf('podman', reason).status).toBe('ok');
    const fact = { about: 'transport', socket: '/s', version: '1.44' } as const;
    expect(checkTransport(fact, { uid: 1000 })).toMatchObject({ status: 'ok', fixes: [] });
    expect(checkTransport(undefined, { uid: 1000 }).status).toBe('skipped');
    expect(advised('docker', { kind: 'no-socket', socket: '/var/run/docker.sock' })).toEqual([]);
  });

  it('advises the service of that very podman: root’s by root, a user’s own by the user', () => {
    const none = (socket: string): WhyClient => ({ kind: 'no-socket', socket });
    expect(advised('podman', none('/run/podman/podman.sock'), { uid: 0 })).toEqual([
      'systemctl enable --now podman.socket',
    ]);
    expect(advised('podman', none('/run/podman/podman.sock'), { uid: 0, onNixos: true })).toEqual([
      'virtualisation.podman.enable = true;   # then: sudo nixos-rebuild switch',
    ]);
    expect(advised('podman', none('/run/user/1000/podman/podman.sock'))).toEqual([
      'systemctl --user enable --now podman.socket',
    ]);
    expect(podmanUnit({ own: true, onNixos: true })).toBe('systemctl --user enable --now podman.socket');
  });

  it('advises the group where sudo is the way, and says that it equals root', () => {
    const bySudo: WhyClient = { kind: 'sudo', tool: 'sudo' };
    expect(advised('podman', bySudo, { onNixos: true })).toEqual([
      'virtualisation.podman.enable = true; users.users.alice.extraGroups = [ "podman" ];   # equal to root; then: sudo nixos-rebuild switch, and log in again',
    ]);
    expect(advised('docker', bySudo)).toEqual([
      'sudo usermod -aG docker alice   # equal to root; then log in again',
    ]);
    const [line = ''] = advised('podman', bySudo);
    expect(line).toMatch(
      /^sudo sh -c '.*usermod -aG podman alice .*SocketGroup=podman.*' {3}# equal to root/,
    );
    expect(advised('docker', { kind: 'setting', name: 'DOCKER_TLS' })).toEqual(['unset DOCKER_TLS']);
  });

  it('names no user in a way that a shell would obey', () => {
    const dir = mkdtempSync(join(tmpdir(), 'join-'));
    const fake = (name: string, script: string) =>
      writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    fake('sudo', `exec "$@"`);
    fake('groupadd', 'exit 0');
    // the rest of what is advised is not done here
    fake('usermod', `printf '%s' "$3"; exit 1`);
    fake('sh', `exec /bin/sh "$@"`);
    const userName = "x'; echo owned; '$(echo owned)\x1b";
    for (const join of [joinDocker, joinPodman]) {
      const line = join({ userName, onNixos: false });
      const { stdout } = spawnSync('/bin/sh', ['-c', line], { env: { PATH: dir }, encoding: 'utf8' });
      expect(stdout).toBe("x'; echo owned; '$(echo owned)\\x1b");
    }
  });
});

describe('whose podman root in a container is', () => {
  it('is told by the access, or by who owns the socket', () => {
    const uid = process.getuid?.() || 1000;
    expect(isRootless(viaOf('podman'), uid)).toBe(true);
    expect(isRootless(viaOf('podman'), 0)).toBe(false);
    expect(isRootless(viaOf('podman', sudo), uid)).toBe(false);
    expect(isRootless(viaOf('docker'), uid)).toBe(false);
    const api = { socket: '/', version: '1.41', libpod: true };
    // the root directory is root's
    expect(isRootless({ ...viaOf('podman', { kind: 'socket', socket: '/' }), api }, uid)).toBe(false);
    const socket = mkdtempSync(join(tmpdir(), 'own-'));
    if (process.getuid?.() === 0) chownSync(socket, uid, uid);
    expect(isRootless({ ...viaOf('podman'), api: { ...api, socket } }, uid)).toBe(true);
  });
});
