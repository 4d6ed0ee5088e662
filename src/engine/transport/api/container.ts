import { errorCode } from '../../../system/error-code.ts';
import type { CommandResult } from '../../../system/run-command.ts';
import type { Api } from '../../access.ts';
import { type Answer, complaintOf, toJson } from './answer.ts';
import { ask } from './connection.ts';
import { readFrames } from './frames.ts';

/*
 * Questions about a container, answered as an engine's command would: whoever asks need not know by which way.
 */

/** How long each may take, in milliseconds. */
export type Limit = { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined };

/** A container's state in one word, as `inspect --format {{.State.Status}}` prints it. */
export function stateByApi(api: Api, containerId: string, limit: Limit): Promise<CommandResult> {
  return answerOf(api, `/containers/${containerId}/json`, limit, (answer) => {
    const state = toJson(answer).State as { Status?: unknown } | undefined;
    return { stdout: `${String(state?.Status ?? '')}\n`, stderr: '' };
  });
}

/** The last lines of a container's log, each with its time in front, as `logs --timestamps --tail` prints them. */
export function logsByApi(
  api: Api,
  containerId: string,
  count: number,
  limit: Limit,
): Promise<CommandResult> {
  const path = `/containers/${containerId}/logs?stdout=1&stderr=1&timestamps=1&tail=${count}`;
  return answerOf(api, path, limit, ({ body }) => {
    const pieces: Buffer[] = [];
    const framed = body.length === 0 || (body[0] ?? 255) <= 2;
    // that of a container with a terminal has no frames
    if (framed) readFrames((_, bytes) => void pieces.push(bytes))(body);
    // both in one, since they come in order, and podman's times are whole seconds
    return { stdout: (framed ? Buffer.concat(pieces) : body).toString(), stderr: '' };
  });
}

/** A directory out of a container, running or not, as `cp … -` prints it: a tar archive. */
export function copyByApi(api: Api, containerId: string, path: string, limit: Limit): Promise<CommandResult> {
  const question = `/containers/${containerId}/archive?path=${encodeURIComponent(path)}`;
  return answerOf(api, question, limit, ({ body }) => ({ stdout: body.toString('latin1'), stderr: '' }));
}

async function answerOf(
  api: Api,
  path: string,
  { timeoutMs, signal }: Limit,
  read: (answer: Answer) => { stdout: string; stderr: string },
): Promise<CommandResult> {
  const over = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
  try {
    const { answer } = await ask(api.socket, { method: 'GET', path }, { version: api.version, signal: over });
    if (answer.status === 200) return { kind: 'exited', code: 0, ...read(answer) };
    return { kind: 'exited', code: 1, stdout: '', stderr: `${complaintOf(answer)}\n` };
  } catch (error) {
    if (over.aborted) return { kind: 'timed-out', waitedMs: timeoutMs, busy: false };
    return {
      kind: 'exited',
      code: 1,
      stdout: '',
      stderr: `cannot connect to ${api.socket} (${errorCode(error)})\n`,
    };
  }
}
