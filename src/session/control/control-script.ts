import { type EngineAccess, scriptCommand } from '../../engine/access.ts';
import controlScript from './control-script.sh';

/** Which session. */
export type Address = {
  readonly via: EngineAccess;
  readonly containerId: string;
  readonly user: string;
  readonly sessionId: string;
};

/** The command line that runs the control script. */
export function controlCommand(
  { via, containerId, user, sessionId }: Address,
  words: readonly string[],
): readonly string[] {
  const asked = {
    containerId,
    user,
    script: controlScript,
    name: 'hermes-control',
    args: [sessionId, user, ...words],
  };
  return scriptCommand(via, asked, ['-i']);
}

/** What a session's first process was found to be; `never`: it did not start; `unknown`: nobody could be asked. */
export type Finding = 'alive' | 'gone' | 'delivered' | 'never' | 'unknown';

/** Reads the last word of the control script. */
export function toFinding(stdout: string): Finding {
  const word = stdout.trim().split('\n').at(-1) ?? '';
  return word === 'alive' || word === 'gone' || word === 'delivered' || word === 'never' ? word : 'unknown';
}
