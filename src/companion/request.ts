import type { Engine } from '../route/metadata.ts';
import type { Name } from '../route/name.ts';
import type { Shell } from './completion.ts';
import type { ManagedRequest } from './managed-options.ts';

/** What somebody asked the companion for, read from its command line. */
export type Request =
  | { readonly kind: 'doctor'; readonly json: boolean }
  | { readonly kind: 'explain'; readonly name: Name; readonly full: boolean; readonly json: boolean }
  | ({ readonly kind: 'enable'; readonly json: boolean } & EnableOptions)
  | { readonly kind: 'disable'; readonly json: boolean }
  | { readonly kind: 'ps'; readonly json: boolean }
  | ({ readonly kind: 'reap'; readonly json: boolean } & ReapOptions)
  | ManagedRequest
  | { readonly kind: 'completion'; readonly shell: Shell };

/** What `enable` is told rather than left to find out. */
export type EnableOptions = {
  readonly container: string | undefined;
  readonly service: string | undefined;
  readonly backend: Engine | undefined;
  readonly user: string | undefined;
  readonly bin: string | undefined;
  readonly dryRun: boolean;
};

/** How far `reap` goes. */
export type ReapOptions = { readonly dryRun: boolean; readonly detached: boolean };
