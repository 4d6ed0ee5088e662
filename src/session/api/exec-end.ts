import type { Api } from '../../engine/access.ts';
import { stateByApi } from '../../engine/transport/api/container.ts';
import { inspectExec } from '../../engine/transport/api/exec.ts';
import { trace } from '../../report/trace.ts';
import { errorCode } from '../../system/error-code.ts';
import { sleep } from '../../system/sleep.ts';
import { toLiveness } from '../control/container-liveness.ts';
import type { ClientEnd } from '../verdict/ending.ts';

/** After the end of its stream a session is asked for so long how it ended, every few milliseconds. */
const askedFor = { most: 40, pauseMs: 25 } as const;

/** An engine that cannot be asked is restarting, perhaps: so often it is tried in vain, with so much time between. */
const triedInVain = { most: 5, pauseMs: 250 } as const;

/** And after that, where it is waited for, every so many milliseconds. */
const seldomMs = 500;

/**
 * Asks how an exec ended whose connection has ended. Its container may be gone, or it may go on without us.
 * @param silent both of its outputs are closed: at that docker ends the connection of an exec that goes on, so it is asked
 *   until its end
 */
export async function askHowItEnded(
  api: Api,
  id: string,
  containerId: string,
  silent: boolean,
): Promise<ClientEnd & { readonly neverRan?: boolean }> {
  for (let look = 1, vain = 0; ; look += 1) {
    try {
      const state = await inspectExec(api, id);
      vain = 0;
      if (state.kind === 'ended')
        return { code: state.code, signal: null, fate: { is: 'ended' }, neverRan: state.neverRan };
      // what runs in a container that is killed is said to run for a moment more, or for good (docker 20.10)
      const containerState = await stateByApi(api, containerId, { timeoutMs: 5000 });
      if (toLiveness(containerState) === 'over') return lost;
      // A daemon that was restarted over running containers (docker's live-restore) knows none of its execs any more, but
      // the session may go on. Where the container was restarted it does not: who looks at it finds out.
      if (state.kind === 'forgotten') return { ...lost, fate: { is: 'unknown' } };
      if (state.kind === 'untold' || (look >= askedFor.most && !silent))
        return { code: 255, signal: null, fate: { is: 'alive' } };
    } catch (error) {
      trace(() => `the engine cannot be asked for the exec: ${errorCode(error)}`);
      vain += 1;
      if (vain === triedInVain.most) return { code: 255, signal: null, fate: { is: 'unknown' } };
      await sleep(triedInVain.pauseMs);
      continue;
    }
    await sleep(look < askedFor.most ? askedFor.pauseMs : seldomMs);
  }
}

/** By KILL, as whatever runs in a container that is stopped. */
const lost: ClientEnd = { code: 137, signal: null, fate: { is: 'lost' } };
