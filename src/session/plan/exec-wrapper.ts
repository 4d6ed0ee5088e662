import type { IgnorableSignal } from '../../route/caller.ts';
import type { Connection } from './descriptors.ts';
import type { StartDirectories } from './directory.ts';
import wrapper from './exec-wrapper.sh';

/** Where exec wrappers leave their notes in the container; the name of the exec_user is appended. Tried in this order. */
export const noteRoots = ['/tmp/.hermes-shim-', '/dev/shm/.hermes-shim-'];

/** How the exec wrapper's note says a session began; `failed`: the system would not run the file. */
export type NoteState = 'started' | 'failed' | 'missing' | 'forbidden';

/** What the exec wrapper is told. */
export type Instructions = {
  readonly sessionId: string;
  /** the caller's umask, as a number */
  readonly umask: number;
  readonly user: string;
  readonly connection: Connection;
  /** docker delivers the window size late */
  readonly lateSize: boolean;
  /** the caller's terminal has a size */
  readonly sized: boolean;
  readonly start: StartDirectories;
  /** nice(1)'s number */
  readonly niceness: number;
  readonly ignored: readonly IgnorableSignal[];
  /** of descriptors 0 to 2, which the caller had closed */
  readonly closed: readonly number[];
  /** names of variables that come as printf formats */
  readonly encodedNames: readonly string[];
  readonly bin: string;
  readonly args: readonly string[];
  /** the arguments are on the wire of `bytes.ts` */
  readonly encoded: boolean;
  /** secrets are brought, and waited for */
  readonly secrets: boolean;
  /** where the wrapper says how it went (`greeting.ts`), if anywhere */
  readonly greets: 'stdout' | 'stderr' | undefined;
};

const greetings = { stdout: 'g', stderr: 'h' } as const;

/** The words after `/bin/sh` that run the exec wrapper. */
export function wrapperWords(to: Instructions): readonly string[] {
  const flags = [
    to.connection.mergeOutput ? 'e' : '',
    to.connection.terminal && to.lateSize ? (to.sized ? 'w' : 'v') : '',
    to.encoded ? 'r' : '',
    to.start.encoded ? 'd' : '',
    to.secrets ? 's' : '',
    to.greets ? greetings[to.greets] : '',
    to.ignored.includes('SIGINT') ? 'I' : '',
    to.ignored.includes('SIGQUIT') ? 'Q' : '',
    ...to.closed,
  ].join('');
  const umask = to.umask.toString(8).padStart(4, '0');
  return [
    ...['-c', wrapper, 'hermes-wrapper', to.sessionId, umask, to.user, flags || '-', String(to.niceness)],
    ...[to.encodedNames.join(' '), to.start.first, to.start.second, to.bin, ...to.args],
  ];
}
