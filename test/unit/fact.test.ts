import { describe, expect, it } from 'vitest';
import { captureTrace, lastFact, toDecisions } from '../../src/companion/capture-trace.ts';
import type { Fact } from '../../src/report/fact.ts';
import { Failure } from '../../src/report/failure.ts';
import { trace } from '../../src/report/trace.ts';

const probe: Fact = {
  about: 'probe',
  command: 'docker inspect hermes',
  answer: 'running',
  runningSinceMs: 0,
  id: 'c0ffee',
};

describe('what the hot path decides', () => {
  it('is captured as values, in order, and only while somebody asks', async () => {
    trace(() => {
      throw new Error('nobody reads it');
    });
    const { facts, ...rest } = await captureTrace(async () => {
      trace(() => ({ about: 'inside', inside: false }));
      trace(() => 'a sentence for people');
      trace(() => probe);
      return 7;
    });
    expect(rest).toEqual({ kind: 'done', value: 7 });
    expect(facts).toEqual([{ about: 'inside', inside: false }, probe]);
    expect(lastFact(facts, 'probe')).toBe(probe);
    expect(lastFact(facts, 'home')).toBeUndefined();
  });

  it('is captured up to a failure', async () => {
    const captured = await captureTrace(async () => {
      trace(() => probe);
      throw new Failure(125, 'no more');
    });
    expect(captured).toMatchObject({ kind: 'failed', failure: { sentence: 'no more' }, facts: [probe] });
  });

  it.each<[Fact, string]>([
    [{ about: 'bypass', dev: undefined }, 'HERMES_DEV is not set'],
    [{ about: 'bypass', dev: '1' }, "HERMES_DEV is '1'"],
    [{ about: 'pin', file: '/etc/pin', home: undefined }, 'none (/etc/pin)'],
    [
      { about: 'home', path: '/h', visible: false, from: 'the pin', root: '/r', profile: 'x' },
      '/h (by the pin), profile x of /r (not there)',
    ],
    [{ about: 'home', path: '/h', visible: true, from: '/h', root: '/h', profile: undefined }, '/h'],
    [{ about: 'metadata', line: 2, key: 'backend', value: 'docker' }, 'line 2: backend=docker'],
    [{ about: 'metadata', file: '/etc/pin', pinned: true }, 'the pin decides: /etc/pin'],
    [{ about: 'access', elevation: '/usr/bin/sudo' }, 'by /usr/bin/sudo -n'],
    [
      { about: 'access', socket: '/run/podman/podman.sock' },
      "by the socket of podman's service, /run/podman/podman.sock",
    ],
    [
      { about: 'transport', socket: '/var/run/docker.sock', version: '1.44' },
      'by the API, version 1.44, on /var/run/docker.sock',
    ],
    [
      { about: 'transport', engine: 'podman', why: { kind: 'sudo', tool: 'doas' } },
      "by podman's client: doas runs it as root",
    ],
    [
      { about: 'transport', engine: 'docker', why: { kind: 'setting', name: 'DOCKER_TLS' } },
      "by docker's client: DOCKER_TLS is set, which it follows",
    ],
    [
      { about: 'transport', engine: 'docker', why: { kind: 'elsewhere', address: 'ssh://far' } },
      "by docker's client: only it knows the way to ssh://far",
    ],
    [
      { about: 'transport', engine: 'podman', why: { kind: 'no-socket', socket: '/s' } },
      "by podman's client: there is no /s for this user",
    ],
    [
      { about: 'transport', engine: 'podman', why: { kind: 'stranger', socket: '/s' } },
      "by podman's client: /s belongs neither to root nor to this user",
    ],
    [
      { about: 'transport', engine: 'podman', why: { kind: 'unanswered', socket: '/s' } },
      "by podman's client: nobody on /s answered for this container",
    ],
    [probe, 'docker inspect hermes: running since 1970-01-01T00:00:00.000Z, id c0ffee'],
    [
      {
        about: 'probe',
        command: 'docker inspect x',
        answer: 'absent',
        runningSinceMs: undefined,
        id: undefined,
      },
      'docker inspect x: absent',
    ],
    [{ about: 'same home', why: 'declares none' }, 'no: it declares none'],
    [
      { about: 'ready', young: true, missing: undefined },
      'the container is young: user and binary are there',
    ],
  ])('%j is told as: %s', (fact, words) => {
    expect(toDecisions([fact])).toEqual([{ about: fact.about, fact: words }]);
  });
});
