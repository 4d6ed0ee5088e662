import { isShortage } from '../report/shortage.ts';
import type { Environment } from '../system/environment.ts';
import { enginePatience } from '../system/patience.ts';
import type { CommandResult } from '../system/run-command.ts';
import { commandPrefix, type EngineAccess } from './access.ts';
import ownerQuestion from './ask-owner.sh';
import question from './ask-readiness.sh';
import type { Cause } from './cause.ts';
import type { Container } from './container.ts';
import { transportOf } from './transport/transport.ts';

/** A container that started less than this many milliseconds ago may still be setting itself up. */
const youngMs = 120_000;

/** An old container is not asked: its user and hermes have been there for long, and the question costs an exec. */
export function isYoung(container: Container, nowMs: number): boolean {
  const { startedMs } = container.state;
  return startedMs !== undefined && nowMs - startedMs < youngMs;
}

type Asked = { access: EngineAccess; container: Container; user: string; bin: string; env: Environment };

/**
 * Asks in the container, as the user hermes will be, whether user and binary are there. Starts no hermes.
 * @returns `undefined` when both are, else what is missing
 */
export async function askReadiness(asked: Asked): Promise<Cause | undefined> {
  const { access, container, user, bin, env } = asked;
  const script = { containerId: container.id, user, script: question, name: 'sh', args: [bin] };
  const options = { timeoutMs: enginePatience, tied: true };
  const result = await transportOf(access, env).runScript(script, options);
  return judgeReadiness(result, asked);
}

/** Reads the answer of `askReadiness`. */
export function judgeReadiness(
  result: CommandResult,
  { access, bin }: Pick<Asked, 'access' | 'bin'>,
): Cause | undefined {
  const { engine } = access;
  const prefix = commandPrefix(access);
  if (result.kind === 'timed-out') return { ...result, kind: 'engine-silent', engine };
  if (result.kind === 'not-started')
    return isShortage(result.code)
      ? { kind: 'shortage', engine, code: result.code }
      : { kind: 'check-failed', engine, prefix, detail: result.code };
  switch (result.stdout.trim()) {
    case 'ready':
      return undefined;
    case 'missing':
      return { kind: 'binary-missing', engine, bin, prefix };
    case 'forbidden':
      return { kind: 'binary-not-executable', engine, bin, prefix };
  }
  // docker says on stdout what podman says on stderr
  const words = `${result.stdout}\n${result.stderr}`.trim();
  if (saysUserMissing(words)) return { kind: 'user-missing', engine, prefix };
  return { kind: 'check-failed', engine, prefix, detail: words.split('\n').at(-1) ?? '' };
}

/** runc's and crun's words for a user that is not in the container's passwd. */
function saysUserMissing(words: string): boolean {
  return /unable to find (user|group)|no matching entries in (passwd|group) file|no such user/i.test(words);
}

/**
 * The numbers to use for a user that never appears: the container's own `HERMES_UID` and `HERMES_GID`, whose
 * owner the entrypoint adopts under whatever name it has.
 */
export function numericUser(container: Container): string | undefined {
  const [uid, gid] = [container.env.get('HERMES_UID'), container.env.get('HERMES_GID')];
  return uid && gid && /^[0-9]{1,10}$/.test(uid) && /^[0-9]{1,10}$/.test(gid) ? `${uid}:${gid}` : undefined;
}

/** Does somebody in there own the uid already, so that the user's name will never appear? */
export async function isAdopted(asked: Omit<Asked, 'user' | 'bin'>): Promise<boolean> {
  const { access, container, env } = asked;
  const uid = container.env.get('HERMES_UID') ?? '';
  const script = { containerId: container.id, user: '0', script: ownerQuestion, name: 'sh', args: [uid] };
  const options = { timeoutMs: enginePatience, tied: true };
  const result = await transportOf(access, env).runScript(script, options);
  return result.kind === 'exited' && result.stdout.includes('owned');
}
