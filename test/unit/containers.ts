/** A container as the shim sees it, for tests of pure functions. */
import type { Container } from '../../src/engine/container.ts';

/** A running managed container of the NixOS module's layout, with what differs. */
export function containerLike(facts: Partial<Container>): Container {
  return {
    id: 'a'.repeat(64),
    name: 'hermes-agent',
    state: { status: 'running', word: 'running', startedMs: 1000, finishedMs: undefined, exitCode: 0 },
    env: new Map([['HERMES_HOME', '/data/.hermes']]),
    binds: [{ source: '/var/lib/hermes', destination: '/data', writable: true }],
    destinations: ['/data'],
    volumes: [],
    workingDir: '',
    hostNetwork: true,
    command: [],
    labels: new Map(),
    ...facts,
  };
}

/** Binds and destinations from `source:destination[:ro]`, other mounts as a bare destination. */
export function mounted(...mounts: string[]): Pick<Container, 'binds' | 'destinations'> {
  const split = mounts.map((mount) => mount.split(':'));
  return {
    binds: split.flatMap(([source = '', destination, mode]) =>
      destination === undefined ? [] : [{ source, destination, writable: mode !== 'ro' }],
    ),
    destinations: split.map(([source = '', destination]) => destination ?? source),
  };
}
