import { resolve } from 'node:path';
import { authorOf, upMarker } from '../../route/author.ts';
import { formatMetadata } from '../../route/format-metadata.ts';
import { type Metadata, parseMetadata } from '../../route/metadata.ts';
import { pinFile } from '../../route/pin.ts';
import { metadataName } from '../../route/read.ts';
import type { Account } from '../apply/accounts.ts';
import { commandOf } from '../file/command.ts';
import type { Wanted } from '../file/wanted.ts';
import type { Facts } from './facts.ts';
import type { Step } from './steps.ts';

/** The first line of the metadata that `up` writes: by it everybody knows whose it is. */
const metadataMarker = `${upMarker} what it says comes from hermes-shim.yaml.`;

/** The text of the metadata. */
function metadataOf(wanted: Wanted, { via, layout }: Pick<Facts, 'via' | 'layout'>): string {
  return formatMetadata(metadataMarker, {
    engine: via.engine,
    containerName: wanted.containerName,
    user: layout.execUser,
    bin: layout.hermesBin,
  });
}

/** The metadata as the hot path reads it. */
export function parsedMetadata(wanted: Wanted, facts: Pick<Facts, 'via' | 'layout'>): Metadata {
  return parseMetadata(metadataOf(wanted, facts), `${wanted.home}/${metadataName}`);
}

/** What leads hermes into the container: last of all, so that no call goes into one that is half made. Pure. */
export function planAccess(
  wanted: Wanted,
  facts: Facts,
): { steps: readonly Step[]; notes: readonly string[] } {
  const owner = facts.owner ?? { uid: -1, gid: -1 };
  const path = `${wanted.home}/${metadataName}`;
  const text = metadataOf(wanted, facts);
  const now = facts.found.get(path);
  const same = now?.kind === 'file' && now.content.toString('utf8') === text;
  const pin = planPin(wanted, facts, text);
  return {
    steps: [
      ...(same
        ? []
        : [
            {
              kind: 'file',
              path,
              content: Buffer.from(text),
              before: now?.kind === 'file' ? now.content : undefined,
              secret: false,
              ownership: { ...owner, mode: 0o644 },
            } as const,
          ]),
      ...pin.steps,
      ...planBridges(wanted, facts),
    ],
    notes: [...pin.notes, ...groupNote(wanted, facts)],
  };
}

function planPin(wanted: Wanted, facts: Facts, text: string): { steps: Step[]; notes: string[] } {
  const speaksFor = /^\s*hermes_home\s*=\s*(.*?)\s*$/m.exec(facts.pin ?? '')?.[1];
  // one of ours that stayed would count for more than the metadata, and never be brought up to date again
  if (!facts.pins) {
    const stale = authorOf(facts.pin ?? '') === 'up' && speaksFor === wanted.home;
    return { steps: stale ? [{ kind: 'unpin' }] : [], notes: [] };
  }
  const pin = `${text}hermes_home=${wanted.home}\n`;
  if (facts.pin === pin) return { steps: [], notes: [] };
  const home = facts.pin === undefined ? wanted.home : speaksFor;
  if (home !== wanted.home)
    return {
      steps: [],
      notes: [`${pinFile} speaks for ${home ?? 'no home'} and stays so: there is one pin on a host`],
    };
  return { steps: [{ kind: 'pin', text: pin }], notes: [] };
}

function groupNote(wanted: Wanted, { owner, groupName }: Facts): readonly string[] {
  const { asRoot, hostUsers } = wanted;
  if (!asRoot || owner === undefined || groupName !== undefined || hostUsers.length === 0) return [];
  return [
    `group ${owner.gid} has no name on this host, so nobody can be let into it: sudo groupadd -g ${owner.gid} NAME, then ${commandOf(wanted, 'up')}`,
  ];
}

function planBridges(wanted: Wanted, facts: Facts): readonly Step[] {
  const { hostUsers, groupName } = facts;
  // whose own group it is, is in it without being among its members
  const outside = ({ name, gid }: Account): boolean =>
    name !== wanted.user && gid !== facts.owner?.gid && !facts.groupMembers.includes(name);
  const joins =
    wanted.asRoot && groupName !== undefined
      ? hostUsers
          .filter(outside)
          .map(({ name }): Step => ({ kind: 'join-group', user: name, group: groupName }))
      : [];
  const links = hostUsers.flatMap(({ name, home: userHome, uid, gid }): Step[] => {
    if (`${userHome}/.hermes` === wanted.home) return [];
    const now = facts.bridges.get(userHome) ?? { kind: 'nothing' };
    if (now.kind === 'link' && now.target === wanted.home) return [];
    const kind = now.kind === 'nothing' || now.kind === 'link' ? now.kind : 'directory';
    // the same home by a relative path is no other one
    const elsewhere = now.kind === 'link' && resolve(userHome, now.target) !== wanted.home;
    const from = elsewhere ? { from: now.target } : {};
    return [{ kind: 'bridge', user: name, userHome, uid, gid, target: wanted.home, now: kind, ...from }];
  });
  const left = facts.record.bridges.filter(
    (userHome) => !hostUsers.some(({ home }) => home === userHome) && isOurs(facts, userHome, wanted.home),
  );
  return [
    ...joins,
    ...links,
    ...left.map((userHome): Step => ({ kind: 'unbridge', userHome, target: wanted.home })),
  ];
}

function isOurs(facts: Facts, userHome: string, target: string): boolean {
  const now = facts.bridges.get(userHome);
  return now?.kind === 'link' && now.target === target;
}
