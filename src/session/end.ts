import { trace } from '../report/trace.ts';
import { codeOf, type Ending } from './verdict/ending.ts';

/** Ends this process as the session ended: with its code, or by its signal. */
export function endAs(ending: Ending): never {
  trace(() => `ends with ${ending.kind === 'code' ? ending.code : ending.signal}`);
  if (ending.kind === 'code') process.exit(ending.code);
  // node ignores PIPE itself; who takes a listener away gives it its effect back
  process.on(ending.signal, () => undefined).removeAllListeners(ending.signal);
  process.kill(process.pid, ending.signal);
  // still here: the signal is ignored or has no effect of its own
  process.exit(codeOf({ code: null, signal: ending.signal }));
}
