import type { Api, EngineAccess } from '../engine/access.ts';
import { waitBudgetMs } from '../engine/budget.ts';
import { awaited, type Cause, mayPass } from '../engine/cause.ts';
import { gatherCircumstances } from '../engine/circumstances.ts';
import { explainCause } from '../engine/explain-cause.ts';
import { type LookupResult, lookUp, type Reached } from '../engine/reach.ts';
import { escapeControls } from '../report/escape.ts';
import type { Failure } from '../report/failure.ts';
import { pasteable } from '../report/paste.ts';
import type { Caller } from '../route/caller.ts';
import { type ContainerRoute, decideRoute, type Route } from '../route/decide.ts';
import { findNative } from '../route/native.ts';
import { nativeCommand } from '../session/native/exec-native.ts';
import { readRawArguments } from '../session/plan/bytes.ts';
import { sessionCommand } from '../session/plan/command.ts';
import { isInteractive, readDescriptors } from '../session/plan/descriptors.ts';
import { planSession } from '../session/plan/plan.ts';
import { type Answer, bold, type OutputStyle } from './answer.ts';
import { captureTrace, type Decision, toDecisions } from './capture-trace.ts';
import { describePlan } from './describe-plan.ts';
import { failureJson, formatCompanionFailure } from './format-failure.ts';

/** What the decisions led to. */
type Verdict =
  | { readonly kind: 'native'; readonly why: string; readonly command: readonly string[] }
  | {
      readonly kind: 'container';
      /** by the engine's client */
      readonly command: readonly string[];
      /** where the call itself goes by the engine's API and not by that command */
      readonly api: Pick<Api, 'socket' | 'version'> | null;
      /** variables whose values no command line may hold, so that a pasted one lacks them */
      readonly withheld: readonly string[];
    }
  | { readonly kind: 'neither'; readonly failure: Failure; readonly wait: string | undefined };

/**
 * Tells each decision that this call of hermes would come to, in the hot path's own words, and a command that does
 * the same by the engine's client: the exact one, where the call goes by it. Runs nothing but probes.
 */
export async function explain(caller: Caller, { full }: { readonly full: boolean }): Promise<Answer> {
  const { decisions, verdict } = await decide(caller);
  return {
    code: verdict.kind === 'neither' ? 1 : 0,
    json: { decisions, ...toJson(verdict) },
    text: (style) => `${formatDecisions(decisions, style)}\n${formatVerdict(verdict, full, style)}`,
  };
}

async function decide(caller: Caller): Promise<{ decisions: readonly Decision[]; verdict: Verdict }> {
  const routed = await captureTrace(() => decideRoute(caller));
  if (routed.kind === 'failed')
    return { decisions: toDecisions(routed.facts), verdict: neither(routed.failure) };
  const route: Route = routed.value;
  if (route.kind === 'native') {
    const found = await captureTrace(async () => nativeVerdict(caller, route.why));
    const verdict = found.kind === 'done' ? found.value : neither(found.failure);
    return { decisions: toDecisions(routed.facts), verdict };
  }
  const looked = await captureTrace(async () => {
    budgetOf(caller); // asked first, as hermes does: it may be no number
    return lookUp({ route, caller, memory: { refusals: new Map(), last: false, verify: 'young' } });
  });
  const before = toDecisions([...routed.facts, ...looked.facts]);
  if (looked.kind === 'failed') return { decisions: before, verdict: neither(looked.failure) };
  const outcome: LookupResult = looked.value;
  if (outcome.kind === 'not-ready') {
    return { decisions: before, verdict: await notReady(outcome.cause, route, caller) };
  }
  const planned = await captureTrace(async () => containerVerdict(outcome.reached, route, caller));
  if (planned.kind === 'failed') return { decisions: before, verdict: neither(planned.failure) };
  return { decisions: [...before, ...planned.value.decisions], verdict: planned.value.verdict };
}

function neither(failure: Failure, wait?: string): Verdict {
  return { kind: 'neither', failure, wait };
}

function nativeVerdict(caller: Caller, why: string): Verdict {
  const raw = { args: readRawArguments, env: () => [] };
  return {
    kind: 'native',
    why,
    command: nativeCommand(findNative(caller), { ignored: caller.ignored, closed: [] }, raw),
  };
}

function containerVerdict(
  reached: Reached,
  route: ContainerRoute,
  caller: Caller,
): { decisions: readonly Decision[]; verdict: Verdict } {
  const plan = planSession(reached, route, caller, readDescriptors(caller.noted));
  const names = plan.forwarded.secret.map(([name]) => name);
  // pasted, nobody would bring what the exec wrapper waits for
  const instructions = { ...plan.instructions, secrets: false };
  const verdict: Verdict = {
    kind: 'container',
    command: sessionCommand({ ...plan, instructions }),
    api: apiOf(reached.via),
    withheld: names,
  };
  return { decisions: describePlan(plan), verdict };
}

function apiOf({ api }: EngineAccess): Pick<Api, 'socket' | 'version'> | null {
  return api ? { socket: api.socket, version: api.version } : null;
}

/** How long hermes would wait here, in milliseconds. */
function budgetOf(caller: Caller): number {
  return waitBudgetMs(caller.env, isInteractive(readDescriptors(caller.noted)));
}

async function notReady(cause: Cause, route: ContainerRoute, caller: Caller): Promise<Verdict> {
  const seconds = budgetOf(caller) / 1000;
  const failure = explainCause(cause, await gatherCircumstances(cause, route, caller.env, 0));
  const wait =
    mayPass(cause) && seconds > 0
      ? `hermes would wait up to ${seconds} s for ${awaited(cause, route.metadata)}`
      : undefined;
  return neither(failure, wait);
}

function toJson(verdict: Verdict): Readonly<Record<string, unknown>> {
  switch (verdict.kind) {
    case 'native':
      return { runs: 'native', why: verdict.why, command: verdict.command };
    case 'container':
      return { runs: 'container', command: verdict.command, api: verdict.api, withheld: verdict.withheld };
    case 'neither': {
      const { failure, wait } = verdict;
      return { runs: 'nowhere', exitCode: failure.exitCode, error: failureJson(failure), wait: wait ?? null };
    }
  }
}

function formatDecisions(decisions: readonly Decision[], style: OutputStyle): string {
  let last = '';
  return decisions
    .map(({ about, fact }) => {
      const name = about === last ? '' : about;
      last = about;
      return `${bold(name.padEnd(11), style)}${escapeControls(fact, 1000)}\n`;
    })
    .join('');
}

function formatVerdict(verdict: Verdict, full: boolean, style: OutputStyle): string {
  switch (verdict.kind) {
    case 'native':
      return `${bold('It runs on this host', style)} (${escapeControls(verdict.why)}):\n\n${shown(verdict.command, full)}\n`;
    case 'container': {
      const names = escapeControls(verdict.withheld.join(', '));
      const lacks =
        names &&
        `\nThis line lacks ${names}: the shim hands such values over by a pipe, never in a command line, since engines write those down.\n`;
      return `${bold('It runs in the container', style)}, ${way(verdict.api, full)}:\n\n${shown(verdict.command, full)}\n${lacks}`;
    }
    case 'neither': {
      const wait = verdict.wait ? `${escapeControls(verdict.wait)}, then say:\n` : '';
      return `${bold('It runs nowhere', style)}: exit code ${verdict.failure.exitCode}\n\n${wait}${formatCompanionFailure(verdict.failure)}`;
    }
  }
}

/** By which way it runs, as the end of a sentence that announces a command. */
function way(api: Pick<Api, 'socket' | 'version'> | null, full: boolean): string {
  const care = "without the shim's care for signals";
  if (api === null) return `by this command${full ? ` (pasted, it does the same, ${care})` : ''}`;
  const spoken = `by the engine's API (version ${api.version}) on ${escapeControls(api.socket)}`;
  return `${spoken}. By its client the same is${full ? ` (pasted, ${care})` : ''}`;
}

/** The command to be pasted; or, to be read, without what the shell does before it becomes hermes. */
function shown(command: readonly string[], full: boolean): string {
  if (full || !command.some(isScript)) return pasteable(command);
  const words = command.map((word) =>
    isScript(word) ? `<${word.split('\n').length} lines of sh>` : pasteable([word]),
  );
  return `${words.join(' ')}\n\nWhole, to be pasted:  hermes-shim explain --full …`;
}

/** Longer than what anybody types as an argument. */
function isScript(word: string): boolean {
  return word.split('\n').length > 10;
}
