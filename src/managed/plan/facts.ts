import type { EngineAccess } from '../../engine/access.ts';
import type { Account } from '../apply/accounts.ts';
import type { Sources } from '../apply/sources.ts';
import type { Found } from '../apply/survey.ts';
import type { EngineFacts } from '../engine/facts.ts';
import type { Sharer } from '../engine/sharing.ts';
import type { Record } from '../write/record.ts';
import type { IdMap } from './id-map.ts';
import type { Layout } from './layout.ts';

/** Everything that a plan is made of, gathered; nothing has been changed yet. */
export type Facts = {
  /** who owns the state; `undefined`: that user has to be made */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly groupMembers: readonly string[];
  /** the owner's group; `undefined` where this host has only a number for it */
  readonly groupName: string | undefined;
  readonly hostUsers: readonly Account[];
  readonly via: EngineAccess;
  readonly engine: EngineFacts;
  /** other containers that run on this home */
  readonly sharing: readonly Sharer[];
  readonly sources: Sources;
  readonly layout: Layout;
  readonly record: Record;
  readonly found: ReadonlyMap<string, Found>;
  /** what ~/.hermes is for each of `hostUsers`, and for those that had a link before */
  readonly bridges: ReadonlyMap<string, Found>;
  /** root's, as it is */
  readonly pin: string | undefined;
  /** may it be written? */
  readonly pins: boolean;
  /** the engine cannot change the restart policy of a container that is there */
  readonly policyIsFixed: boolean;
  /** a systemd unit of ours starts the container */
  readonly byUnit: boolean;
  readonly entrypoint: string;
  /** nix-store, where it is there and knows the package */
  readonly storeTool: string | undefined;
  /** SELinux guards this host: without leave a container sees nothing of its volumes */
  readonly selinux: boolean;
  /** rootless podman's */
  readonly idMap: IdMap | undefined;
};
