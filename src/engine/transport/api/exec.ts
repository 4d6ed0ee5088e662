import type { Api } from '../../access.ts';
import { type Answer, complaintOf, toJson } from './answer.ts';
import { ask, type Upgraded } from './connection.ts';

/** A window's size, in characters. */
export type Size = { readonly rows: number; readonly columns: number };

/** What to run in a container. */
export type ExecRequest = {
  readonly containerId: string;
  readonly user: string;
  readonly command: readonly string[];
  /** `NAME=value` */
  readonly env?: readonly string[];
  /** an input goes in; else it is /dev/null */
  readonly stdin: boolean;
  readonly terminal?: { readonly detachKeys: string; readonly size: Size | undefined } | undefined;
};

/** The engine answered that it does not do it, in its own words, not yet escaped. Nothing was started. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, words: string) {
    super(words);
    this.status = status;
  }
}

/** Is this one of the API's versions from which on a terminal is made with its size? */
export const knowsSize = ({ version }: Api): boolean => Number(version.split('.')[1]) >= 42;

/**
 * Prepares a command in a container; nothing is started yet. It starts in `/`.
 * @returns the exec's id
 * @throws {Refused} no such container, it does not run, it is paused
 */
export async function createExec(api: Api, request: ExecRequest, signal?: AbortSignal): Promise<string> {
  const { containerId, user, command, env = [], stdin, terminal } = request;
  const size =
    terminal?.size && knowsSize(api) ? { ConsoleSize: [terminal.size.rows, terminal.size.columns] } : {};
  const body = {
    ...{ AttachStdin: stdin, AttachStdout: true, AttachStderr: true, Tty: terminal !== undefined },
    ...(terminal ? { DetachKeys: terminal.detachKeys } : {}),
    ...{ User: user, WorkingDir: '/', Env: env, Cmd: command, ...size },
  };
  const question = { method: 'POST', path: `/containers/${containerId}/exec`, body } as const;
  const { answer } = await ask(api.socket, question, { version: api.version, signal });
  const { Id: id } = toJson(answer);
  if (answer.status === 201 && typeof id === 'string' && /^[0-9a-f]{12,64}$/.test(id)) return id;
  throw refusal(answer);
}

/**
 * Starts a prepared command; the connection is its input and output from then on. podman takes a terminal's size here.
 * @throws {Refused} podman, where there is no such user
 */
export async function startExec(
  api: Api,
  id: string,
  { terminal }: Pick<ExecRequest, 'terminal'>,
  signal?: AbortSignal,
): Promise<Upgraded> {
  const size = terminal?.size && api.libpod ? { h: terminal.size.rows, w: terminal.size.columns } : {};
  const body = { Detach: false, Tty: terminal !== undefined, ...size };
  const question = { method: 'POST', path: `/exec/${id}/start`, body, upgrade: true } as const;
  const reply = await ask(api.socket, question, { version: api.version, signal });
  if (reply.upgraded) return reply.upgraded;
  throw refusal(reply.answer);
}

/** What the engine knows of a command in a container. */
export type ExecState =
  | { readonly kind: 'running' }
  /** `neverRan`: docker knows that it could not be started; podman does not say */
  | { readonly kind: 'ended'; readonly code: number; readonly neverRan: boolean }
  /** podman has given up finding out (-1; 4.3 waits 5 s for the end of what lost its connection): it may go on */
  | { readonly kind: 'untold' }
  /** the engine does not know it any more: its container is gone or was restarted, or the daemon was */
  | { readonly kind: 'forgotten' };

/**
 * Asks whether a command runs or is still to begin, and how it ended. `Running` comes first: podman says `ExitCode: 0` of
 * what runs (measured).
 * @throws where the engine cannot be asked
 */
export async function inspectExec(api: Api, id: string, signal?: AbortSignal): Promise<ExecState> {
  const question = { method: 'GET', path: `/exec/${id}/json` } as const;
  const { answer } = await ask(api.socket, question, { version: api.version, signal });
  if (answer.status === 404 || answer.status === 409) return { kind: 'forgotten' };
  const { Running: running, ExitCode: code, Pid: pid, CanRemove: over } = toJson(answer);
  if (answer.status !== 200 || typeof running !== 'boolean') throw refusal(answer);
  // what has not begun has no code with docker, and 0 with podman, which says of ended ones alone that they can be removed
  const begins = typeof code !== 'number' || (api.libpod && over !== true);
  if (running || begins) return { kind: 'running' };
  if (code < 0) return { kind: 'untold' };
  return { kind: 'ended', code, neverRan: pid === 0 && !api.libpod };
}

/** Tells a terminal its size; before the command runs engines refuse. @returns did it work? */
export async function resizeExec(
  api: Api,
  id: string,
  { rows, columns }: Size,
  signal?: AbortSignal,
): Promise<boolean> {
  const question = { method: 'POST', path: `/exec/${id}/resize?h=${rows}&w=${columns}` } as const;
  const { answer } = await ask(api.socket, question, { version: api.version, signal });
  return answer.status < 300;
}

function refusal(answer: Answer): Refused {
  return new Refused(answer.status, complaintOf(answer));
}
