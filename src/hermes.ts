import { waitBudgetMs } from './engine/budget.ts';
import { reachContainer } from './engine/reach-container.ts';
import { asFailure, formatFailure } from './report/failure.ts';
import { checkNode } from './report/node-version.ts';
import { writeError } from './report/stderr.ts';
import { trace } from './report/trace.ts';
import { type Caller, readCaller } from './route/caller.ts';
import { decideRoute } from './route/decide.ts';
import { findNative } from './route/native.ts';
import { helpersPath } from './route/search-path.ts';
import { endAs } from './session/end.ts';
import { enterContainer, enterReadyContainer, type Prepared, prepare } from './session/enter.ts';
import { becomeNative } from './session/native/exec-native.ts';
import { isInteractive, keepStreamsAway, readDescriptors } from './session/plan/descriptors.ts';
import { leaveTerminalToOthers } from './session/streams/leave-terminal.ts';
import type { Ending } from './session/verdict/ending.ts';
import { dieBy } from './system/tied.ts';

/** The story of a call: who calls, where should it run, how do we get in, run it there, end as it ended. */
async function call(caller: Caller): Promise<Ending> {
  const route = await decideRoute(caller, () =>
    waitBudgetMs(caller.env, isInteractive(readDescriptors(caller.noted))),
  );
  if (route.kind === 'native') {
    trace(() => `native: ${route.why}`);
    return becomeNative(findNative(caller), caller);
  }
  const descriptors = readDescriptors(caller.noted);
  keepStreamsAway(descriptors);
  const interactive = isInteractive(descriptors);
  const audience = { interactive, spin: interactive && descriptors.stderrTerminal };
  const anew = (): Prepared => prepare(caller.env, interactive);
  const reaching = reachContainer(route, caller, { ...audience, known: 'always' });
  const prepared = duringProbe(anew);
  const reached = await reaching;
  let entered = await enterContainer(reached, route, caller, descriptors, await prepared);
  if (entered.kind === 'not-started' && reached.known?.recalled) {
    // Nothing was started in a container that nobody had looked at, since it was known: now from the beginning.
    const found = await reachContainer(route, caller, { ...audience, known: 'renew' });
    entered = await enterContainer(found, route, caller, descriptors, anew());
  }
  if (entered.kind === 'ended') return entered.ending;
  // Nothing was started: the container is not as far yet, or went away in this very moment. Looked at again, and waited for.
  const found = await reachContainer(route, caller, { ...audience, verify: 'all' });
  return enterReadyContainer(found, route, caller, descriptors, anew());
}

/** Works while the engine thinks: a turn of the loop later, since only then docker's daemon has the question. */
function duringProbe<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => setImmediate(() => resolve(work())));
}

/**
 * Node forgets which signals were ignored and takes USR1 for its debugger; until the session starts, we mend both.
 * PATH loses what would let the current directory choose our helpers; hermes itself gets it as it was (`caller.env`).
 * Its own warnings (of FORCE_COLOR and NO_COLOR both set, say) are nothing to whoever typed hermes.
 */
function behaveAsACommand(caller: Caller): void {
  process.removeAllListeners('warning');
  process.env.PATH = helpersPath(caller.env);
  for (const signal of caller.ignored) process.on(signal, () => undefined);
  dieBy(['SIGUSR1']);
  leaveTerminalToOthers(caller.noted);
}

function fail(thrown: unknown): void {
  const failure = asFailure(thrown);
  writeError(formatFailure(failure));
  process.exit(failure.exitCode);
}

async function main(): Promise<void> {
  // what is thrown where nobody waits for it (no descriptors, no memory) is told in a sentence, too
  process.on('uncaughtException', fail);
  try {
    checkNode(process.versions.node);
    const caller = readCaller(process.argv, process.env, { uid: process.getuid?.() ?? 0, pid: process.pid });
    behaveAsACommand(caller);
    endAs(await call(caller));
  } catch (thrown) {
    fail(thrown);
  }
}

void main();
