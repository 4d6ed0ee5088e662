import { asFailure, Failure } from '../report/failure.ts';
import type { Caller } from '../route/caller.ts';
import { findNative } from '../route/native.ts';
import { type CommandResult, runCommand } from '../system/run-command.ts';
import { type Answer, bold } from './answer.ts';
import { type Check, checkNames, fail, failBy, formatChecks, skip, warn, well } from './check.ts';
import { checkContainer } from './check-container.ts';
import { checkGroups } from './check-groups.ts';
import { checkHome } from './check-home.ts';
import { checkManager } from './check-manager.ts';
import { checkName } from './check-name.ts';
import { checkSurroundings } from './check-surroundings.ts';
import { withoutBypass } from './current-caller.ts';
import { type Destination, isOrphan, listSessions } from './sessions.ts';

/** How long hermes has to say its version, in milliseconds. */
const answerMs = 60_000;

/** Checks everything from the name to hermes answering in the container, in the order of a call. */
export async function doctor(caller: Caller): Promise<Answer> {
  const routed = withoutBypass(caller);
  const [name, groups, routeChecks] = await Promise.all([
    checkName(caller),
    checkGroups(caller),
    checkHome(caller),
  ]);
  const containerChecks = routeChecks.route && (await checkContainer(routeChecks.route, routed));
  const because = containerChecks?.because || routeChecks.because;
  const place = routeChecks.route &&
    containerChecks?.reached && { route: routeChecks.route, reached: containerChecks.reached };
  const all: readonly Check[] = [
    name,
    groups,
    ...routeChecks.checks,
    ...(routeChecks.route ? [checkManager(routeChecks.route)] : []),
    ...(containerChecks?.checks ?? []),
    ...(place ? await checkSurroundings(place.reached, place.route, routed) : []),
    place ? await checkAnswer(routed) : skip('answer', because),
    place ? await checkSessions(place, routed) : skip('sessions', because),
    checkNative(caller),
  ];
  const checks = checkNames.map(
    (wanted) => all.find(({ check }) => check === wanted) ?? skip(wanted, because),
  );
  const failed = checks.filter(({ status }) => status === 'failed').length;
  return {
    code: failed > 0 ? 1 : 0,
    json: { ok: failed === 0, checks },
    text: (style) => `${formatChecks(checks, style)}\n${bold(verdict(checks), style)}\n`,
  };
}

function verdict(checks: readonly Check[]): string {
  const count = (wanted: Check['status']): number => checks.filter(({ status }) => status === wanted).length;
  const [failed, warnings] = [count('failed'), count('warning')];
  const notes = warnings === 0 ? '' : `, ${warnings} to know about`;
  return failed === 0 ? `All well${notes}.` : `${failed} wrong${notes}. Repair the first one first.`;
}

/**
 * Real calls, by this very launcher: from the name to hermes's own answer. Not every hermes knows both words, and one
 * that takes a word for a prompt takes none that begins with `-` for one.
 */
async function checkAnswer(caller: Caller): Promise<Check> {
  if (caller.launcher === undefined) return skip('answer', 'this was not started by its launcher');
  const first = await callHermes(caller.launcher, '--version', caller);
  // codes that may be the shim's own have said what is wrong
  const isOwn = typeof first.code === 'number' && (first.code < 125 || first.code > 127);
  if (first.check.status === 'ok' || !isOwn) return first.check;
  const second = await callHermes(caller.launcher, 'version', caller);
  return second.check.status === 'ok' ? second.check : first.check;
}

/** Calls hermes for its version and says how that went; `code` is undefined without an exit. */
async function callHermes(
  launcher: string,
  word: string,
  caller: Caller,
): Promise<{ check: Check; code: number | undefined }> {
  const result = await runCommand([launcher, word], {
    // the single executable goes by it, where it was linked without its launcher
    argv0: 'hermes',
    // a relative HERMES_HOME counts from here
    cwd: '.',
    // what was found a moment ago need not be waited for; a wait that somebody set is checked with the rest
    env: { HERMES_SHIM_WAIT: '0', ...caller.env },
    timeoutMs: answerMs,
  });
  if (result.kind === 'exited' && result.code === 0)
    return { check: well('answer', `hermes ${word}: ${result.stdout.split('\n')[0] ?? ''}`), code: 0 };
  const code = result.kind === 'exited' ? result.code : undefined;
  const says = `hermes ${word}: ${describe(result)}`;
  const fixes = [{ label: 'see each step', text: `HERMES_SHIM_DEBUG=1 hermes ${word}` }];
  return { check: fail('answer', says, fixes), code };
}

/** How a call of hermes that did not say its version ended. */
function describe(result: CommandResult): string {
  switch (result.kind) {
    case 'exited':
      return `exit code ${result.code}: ${result.stderr.trim().split('\n')[0] ?? ''}`;
    case 'timed-out':
      return `no answer in ${answerMs / 1000} s`;
    case 'not-started':
      return `could not be started (${result.code})`;
  }
}

async function checkSessions(place: Destination, caller: Caller): Promise<Check> {
  try {
    const { sessions, detached } = await listSessions(place, caller);
    const orphans = sessions.filter(isOrphan).length;
    const says = `${sessions.length} running, ${detached.length} detached`;
    if (orphans === 0) return well('sessions', says);
    return warn('sessions', `${says}, ${orphans} of them without a caller`, [
      { label: 'end them', text: 'hermes-shim reap' },
    ]);
  } catch (thrown) {
    return failBy('sessions', asFailure(thrown));
  }
}

function checkNative(caller: Caller): Check {
  try {
    const { binary } = findNative({ ...caller, env: { ...caller.env, HERMES_DEV: '1' } });
    return well('native', `HERMES_DEV=1 runs ${binary}`);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const { sentence, hints } = thrown;
    // the long list of places is explain's business
    return warn('native', `HERMES_DEV=1 would fail: ${sentence.split(' (looked at')[0]}`, hints);
  }
}
