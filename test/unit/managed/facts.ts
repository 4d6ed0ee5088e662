/** What a plan is made from, for tests of what it becomes: a host where nothing is made yet. */
import type { Wanted } from '../../../src/managed/file/wanted.ts';
import type { Facts } from '../../../src/managed/plan/facts.ts';
import { type Package, toLayout } from '../../../src/managed/plan/layout.ts';

type Owned = Pick<Facts, 'groupName'> & { readonly owner: { uid: number; gid: number } };

/** @param owner who owns the state; `more` is what differs */
export function bareFacts(
  wanted: Wanted,
  { owner, groupName }: Owned,
  { hermes, ...more }: Partial<Facts> & { hermes?: Package | undefined } = {},
): Facts {
  return {
    owner,
    groupMembers: [],
    groupName,
    hostUsers: [],
    via: { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } },
    engine: { container: undefined, aside: undefined, imageId: 'abc' },
    sharing: [],
    sources: {
      package: hermes,
      config: undefined,
      envFiles: [],
      auth: undefined,
      documents: [],
      plugins: [],
    },
    layout: toLayout(wanted, owner, hermes),
    record: { stateDir: wanted.stateDir, leaves: {}, plugins: [], bridges: [], pin: true },
    found: new Map(),
    bridges: new Map(),
    pin: undefined,
    pins: false,
    policyIsFixed: false,
    byUnit: false,
    entrypoint: '',
    storeTool: undefined,
    selinux: false,
    idMap: undefined,
    ...more,
  };
}
