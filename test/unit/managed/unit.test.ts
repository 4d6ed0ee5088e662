import { describe, expect, it } from 'vitest';
import type { Plan, Step } from '../../../src/managed/plan/steps.ts';
import { withUnit } from '../../../src/managed/plan/unit.ts';
import { hasInHand } from '../../../src/managed/unit/systemctl.ts';
import { engineAlone } from '../../../src/managed/unit/without.ts';

const plan = (...kinds: readonly Step['kind'][]): Plan => ({
  steps: kinds.map((kind) => ({ kind }) as Step),
  notes: ['first'],
  identity: 'abc',
});
const install = { path: '/etc/systemd/system/hermes-agent.service', text: '[Unit]\n' };
const none = { install: undefined, idle: false, handedOver: [], notes: [] } as const;
const kindsOf = ({ steps }: Plan) => steps.map(({ kind }) => kind);

describe('a plan with a systemd unit', () => {
  it('installs it when all that it starts is there, before it is started by it', () => {
    const made = withUnit(plan('file', 'pull', 'create', 'start', 'ready', 'pin'), {
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

  it('hands a container that runs over to a unit that does nothing', () => {
    expect(kindsOf(withUnit(plan(), { ...none, idle: true }))).toEqual(['watch']);
    expect(kindsOf(withUnit(plan('start'), { ...none, idle: true }))).toEqual(['start']);
    expect(kindsOf(withUnit(plan(), none))).toEqual([]);
  });
});

it.each([
  [undefined, false],
  ['inactive', false],
  ['failed', false],
  ['active', true],
  // after a crash, until RestartSec= is over
  ['activating', true],
  ['deactivating', true],
] as const)('systemd that says %s has the container in hand: %s', (state, expected) => {
  expect(hasInHand(state)).toBe(expected);
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
