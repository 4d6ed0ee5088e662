import { type ContainerScript, type EngineAccess, scriptCommand } from '../../engine/access.ts';
import controlScript from './control-script.sh';

/** Which session. */
export type Address = {
  readonly via: EngineAccess;
  readonly containerId: string;
  readonly user: string;
  readonly sessionId: string;
};

/** The control script, with what is asked. */
export function controlRequest(
  { containerId, user, sessionId }: Address,
  words: readonly string[],
): ContainerScript {
  const args = [sessionId, user, ...words];
  return { containerId, user, script: controlScript, name: 'hermes-control', args };
}

/** The command line that runs the control script by the engine's client. */
export function controlCommand(address: Address, words: readonly string[]): readonly string[] {
  return scriptCommand(address.via, controlRequest(address, words), ['-i']);
}

/** What a session's first process was found to be; `never`: it did not start; `unknown`: nobody could be asked. */
export type Finding = 'alive' | 'gone' | 'delivered' | 'never' | 'unknown';

/** Reads the last word of the control script. */
export function toFinding(stdout: string): Finding {
  const word = stdout.trim().split('\n').at(-1) ?? '';
  return word === 'alive' || word === 'gone' || word === 'delivered' || word === 'never' ? word : 'unknown';
}
