import { mayEase, type Shortage } from '../report/shortage.ts';
import type { Engine } from '../route/metadata.ts';
import type { Silence } from '../system/patience.ts';
import type { EngineAccess } from './access.ts';
import type { Container, State } from './container.ts';
import type { Elevation } from './locate.ts';
import type { Refusal } from './probe-result.ts';

/** Why hermes cannot be run in the container now. What it means for a person is in `explain-cause.ts`. */
export type Cause =
  | { readonly kind: 'no-engine'; readonly backend: Engine | undefined }
  | {
      readonly kind: 'engine-not-executable';
      readonly engine: Engine;
      readonly file: string;
      readonly detail: string;
    }
  /** the system does not start the engine's command, for want of something, or since its words are too long */
  | { readonly kind: 'shortage'; readonly engine: Engine; readonly code: Shortage }
  | ({ readonly kind: 'engine-silent'; readonly engine: Engine } & Silence)
  | { readonly kind: 'engine-nonsense'; readonly engine: Engine; readonly detail: string }
  | { readonly kind: 'daemon-down'; readonly engine: Engine; readonly detail: string }
  | {
      readonly kind: 'socket-forbidden';
      readonly engine: Engine;
      readonly binary: string;
      readonly detail: string;
    }
  | {
      readonly kind: 'sudo-refused';
      readonly engine: Engine;
      readonly binary: string;
      readonly tool: Elevation['tool'];
      readonly refusal: Refusal;
      readonly detail: string;
    }
  | { readonly kind: 'no-sudo'; readonly engine: Engine; readonly binary: string }
  | { readonly kind: 'absent'; readonly engine: Engine | undefined; readonly prefix?: string }
  | {
      readonly kind: 'not-running';
      readonly engine: Engine;
      readonly container: Container;
      readonly via: EngineAccess;
    }
  | {
      readonly kind: 'paused';
      readonly engine: Engine;
      readonly container: Container;
      readonly prefix: string;
    }
  | { readonly kind: 'remote-engine'; readonly engine: Engine; readonly endpoint: string }
  | { readonly kind: 'foreign'; readonly engine: Engine; readonly why: string }
  | { readonly kind: 'user-missing'; readonly engine: Engine; readonly prefix: string }
  | {
      readonly kind: 'binary-missing';
      readonly engine: Engine;
      readonly bin: string;
      readonly prefix: string;
    }
  | {
      readonly kind: 'binary-not-executable';
      readonly engine: Engine;
      readonly bin: string;
      readonly prefix: string;
    }
  | {
      readonly kind: 'check-failed';
      readonly engine: Engine;
      readonly prefix: string;
      readonly detail: string;
    }
  /** the container went away under a session that had begun */
  | {
      readonly kind: 'session-lost';
      readonly engine: Engine;
      readonly prefix: string;
      /** `undefined`: it was removed or replaced */
      readonly state: State | undefined;
    }
  /** the connection to the engine broke under a session that goes on: it is ended */
  | { readonly kind: 'connection-lost'; readonly engine: Engine; readonly socket: string }
  /** the container, or its engine, went away about when hermes was started: nobody can say whether it was */
  | {
      readonly kind: 'fate-unknown';
      readonly engine: Engine;
      readonly prefix: string;
      readonly state: State | 'engine-down' | undefined;
    };

/** Can this pass by itself, so that waiting makes sense? What cannot fails at once. */
export function mayPass(cause: Cause): boolean {
  switch (cause.kind) {
    case 'daemon-down':
    case 'absent':
    case 'not-running':
    case 'user-missing':
    case 'binary-missing':
    case 'binary-not-executable':
    case 'check-failed':
      return true;
    case 'shortage':
      return mayEase(cause.code);
    case 'no-engine':
    case 'engine-not-executable':
    case 'engine-silent':
    case 'engine-nonsense':
    case 'socket-forbidden':
    case 'sudo-refused':
    case 'no-sudo':
    case 'paused':
    case 'remote-engine':
    case 'foreign':
    case 'session-lost':
    case 'connection-lost':
    case 'fate-unknown':
      return false;
  }
}

/** What a wait for this is called, after `waiting for`. */
export function awaited(cause: Cause, target: { containerName: string; execUser: string }): string {
  switch (cause.kind) {
    case 'daemon-down':
    case 'shortage':
      return cause.engine;
    case 'not-running':
      return `container ${target.containerName} (${cause.container.state.word})`;
    case 'user-missing':
      return `user ${target.execUser}`;
    case 'binary-missing':
    case 'binary-not-executable':
      return cause.bin;
    default:
      return `container ${target.containerName}`;
  }
}
