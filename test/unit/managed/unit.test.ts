import { describe, expect, it } from 'vitest';
import type { Wanted } from '../../../src/managed/file/wanted.ts';
import { describeStep, type Plan, type Step } from '../../../src/managed/plan/steps.ts';
import { withUnit } from '../../../src/managed/plan/unit.ts';
import { unitTask } from '../../../src/managed/unit/look.ts';
import { hasInHand, toUnitState, unreachable } from '../../../src/managed/unit/systemctl.ts';
import { unitMarker } from '../../../src/managed/unit/text.ts';
import { engineAlone } from '../../../src/managed/unit/without.ts';

const plan = (...kinds: readonly Step['kind'][]): Plan => ({
  steps: kinds.map((kind) => ({ kind }) as Step),
  notes: ['first'],
  identity: 'abc',
});
const install = { path: '/etc/systemd/system/hermes-agent.service', text: '[Unit]\n', there: false };
const none = { install: undefined, drop: undefined, idle: false, handedOver: [], notes: [] } as const;
const kindsOf = ({ steps }: Plan) => steps.map(({ kind }) => kind);

describe('a plan with a systemd unit', () => {
  it('installs it when all that it starts is there, before it is started by it', () => {
    const made = withUnit(plan('file', 'pull', 'create', 'start', 'ready', 'pin'), {
      ...none,
      install,
      idle: true,
      handedOver: ['only where it ran before'],
      notes: ['second'],
    });
    expect(kindsOf(made)).toEqual(['file', 'pull', 'create', 'unit', 'start', 'ready', 'pin']);
    expect(made.notes).toEqual(['first', 'second']);
  });

  it('does not tell the engine to leave the container alone before the unit is there', () => {
    expect(kindsOf(withUnit(plan('file', 'policy', 'file'), { ...none, install, idle: true }))).toEqual([
      'file',
      'unit',
      'policy',
      'file',
      'watch',
    ]);
  });

  it('tells what is to be known of a container that ran before it', () => {
    const facts = { ...none, install, idle: true, handedOver: ['restart it once'] };
    expect(withUnit(plan('policy'), facts).notes).toEqual(['first', 'restart it once']);
    expect(withUnit(plan('start'), facts).notes).toEqual(['first']);
  });

  it('removes the unit of the name that the container had, once the new one is there and before anything is started', () => {
    const path = '/etc/systemd/system/before.service';
    const facts = { ...none, install, drop: { path, containerName: 'before' } };
    const made = withUnit(plan('create', 'start', 'ready'), facts);
    expect(kindsOf(made)).toEqual(['create', 'unit', 'drop-unit', 'start', 'ready']);
    expect(made.steps.map(describeStep)).toContain(
      `disable and remove ${path}, which starts container 'before'`,
    );
  });

  it('hands a container that runs over to a unit that does nothing', () => {
    expect(kindsOf(withUnit(plan(), { ...none, idle: true }))).toEqual(['watch']);
    expect(kindsOf(withUnit(plan('start'), { ...none, idle: true }))).toEqual(['start']);
    expect(kindsOf(withUnit(plan(), none))).toEqual([]);
  });
});

it.each([
  ['inactive', false],
  ['failed', false],
  ['active', true],
  // after a crash, until RestartSec= is over
  ['activating', true],
  ['deactivating', true],
] as const)('systemd that says %s has the container in hand: %s', (state, expected) => {
  expect(hasInHand({ kind: 'known', word: state })).toBe(expected);
});

describe('an installed unit', () => {
  const [old, text] = [`${unitMarker}\n[Unit]\n`, `${unitMarker}\n[Unit]\n# changed\n`];
  const known = { kind: 'known', word: 'active' } as const;

  it.each([
    ['that says something else than the file is brought up to date unasked', old, known, 'write'],
    ['that says what the file says is left', text, known, 'leave'],
    ["that is somebody else's is left", '[Unit]\n', known, 'leave'],
    ['that is not there is not made unasked', undefined, { kind: 'none' }, 'leave'],
    ['is told to be outdated where systemd cannot be asked', old, { kind: 'unreachable' }, 'tell'],
    ['is told to be outdated where its systemd does not run', old, { kind: 'none' }, 'tell'],
  ] as const)('%s', (_, present, state, task) => {
    expect(unitTask({ asked: false, present, text, state })).toBe(task);
    expect(unitTask({ asked: true, present, text, state })).toBe('write');
  });

  it('is said to be brought up to date, not to be installed', () => {
    expect(describeStep({ kind: 'unit', ...install, there: true })).toBe(
      'bring /etc/systemd/system/hermes-agent.service up to date, by which the container starts at boot',
    );
  });
});

describe('a systemd that cannot be asked', () => {
  const answer = (stdout: string, stderr = '') => ({ kind: 'exited', code: 1, stdout, stderr }) as const;
  const silence = { kind: 'timed-out', waitedMs: 60_000, busy: false } as const;
  const nobody = answer('', 'Failed to connect to bus: No medium found\n');

  it('is told apart from one without our unit: it may start again what is stopped past it', () => {
    expect(toUnitState(answer('inactive\n'), true)).toEqual({ kind: 'known', word: 'inactive' });
    expect(toUnitState(nobody, true)).toEqual({ kind: 'unreachable' });
    expect(toUnitState(silence, true)).toEqual({ kind: 'unreachable' });
    // whose last login is over has none that could
    expect(toUnitState(nobody, false)).toEqual({ kind: 'none' });
    expect(hasInHand({ kind: 'none' })).toBe(false);
  });

  it.each([
    [1000, {}, 'XDG_RUNTIME_DIR=/run/user/$(id -u) hermes-shim down'],
    [1000, { XDG_RUNTIME_DIR: '/run/user/0' }, 'XDG_RUNTIME_DIR=/run/user/$(id -u) hermes-shim down'],
    [1000, { XDG_RUNTIME_DIR: '/run/user/1000' }, 'systemctl --user is-active hermes-agent.service'],
    [0, {}, 'systemctl is-active hermes-agent.service'],
  ])('for uid %s with %j is told with a command: %s', (uid, env, command) => {
    const { sentence, hints } = unreachable({
      who: { uid, gid: uid, name: 'me', home: '/home/me', dataHome: undefined },
      caller: { env },
      wanted: { containerName: 'hermes-agent' } as Wanted,
      command: 'hermes-shim down',
    });
    expect(sentence).toMatch(/^hermes-agent\.service looks after .* cannot be asked from here/);
    expect(hints.map(({ text }) => text)).toEqual([command]);
  });
});

describe('where no unit starts the container', () => {
  it.each([
    ['docker', 'always', /^docker itself starts the container again when it ends, and at boot/],
    ['docker', 'on-failure', /^docker starts .* when it fails, but not at boot .*docker start 'my agent'$/],
    ['docker', 'no', /^docker does not start the container by itself/],
    ['podman', 'always', /^podman starts .* when it ends, but not at boot .*podman start 'my agent'$/],
    ['podman', 'no', /^podman does not start the container by itself/],
  ] as const)('%s with restart: %s is told as it is', (engine, restart, says) => {
    const told = engineAlone(
      { restart, containerName: 'my agent' },
      { engine, binary: `/usr/bin/${engine}` },
    );
    expect(told).toMatch(says);
  });
});
