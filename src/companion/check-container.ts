import type { Cause } from '../engine/cause.ts';
import { gatherCircumstances } from '../engine/circumstances.ts';
import { explainCause } from '../engine/explain-cause.ts';
import { locateEngine } from '../engine/locate.ts';
import { lookUp, type Reached } from '../engine/reach.ts';
import { askReadiness } from '../engine/readiness.ts';
import { type Fact, formatSince } from '../report/fact.ts';
import type { Caller } from '../route/caller.ts';
import type { ContainerRoute } from '../route/decide.ts';
import { commandInContainer } from '../route/name.ts';
import { captureTrace, lastFact, lastWords } from './capture-trace.ts';
import { type Check, failBy, skip, well } from './check.ts';
import { checkTransport } from './check-transport.ts';
import { checkUser } from './check-user.ts';
import { runProbe } from './run-probe.ts';
import { shortAge } from './table.ts';

/** From the engine to hermes in the container. */
const stages = [
  'engine',
  'access',
  'transport',
  'container',
  'same home',
  'running',
  'user',
  'binary',
] as const;
type Stage = (typeof stages)[number];

/** What was found on the way in; `because` says why nobody got in. */
export type ContainerChecks = {
  readonly checks: readonly Check[];
  readonly reached: Reached | undefined;
  readonly because: string;
};

/** Everything between a route and a hermes that can be started, by the hot path's own decisions. */
export async function checkContainer(route: ContainerRoute, caller: Caller): Promise<ContainerChecks> {
  const captured = await captureTrace(() =>
    lookUp({ route, caller, memory: { refusals: new Map(), last: false, verify: 'young' } }),
  );
  if (captured.kind === 'failed') return stopped([], 'engine', failBy('engine', captured.failure));
  const engine = await engineWords(route, caller, captured.facts);
  const facts = wordsOf(captured.facts, engine, route);
  const transport = checkTransport(lastFact(captured.facts, 'transport'), caller);
  const pass = (name: Stage): Check => (name === 'transport' ? transport : well(name, facts.get(name) ?? ''));
  const outcome = captured.value;
  const stoppedBy = async (cause: Cause): Promise<ContainerChecks> => {
    const failure = explainCause(cause, await gatherCircumstances(cause, route, caller.env, 0));
    const stage = stageOf(cause);
    const passed = stages.slice(0, stages.indexOf(stage)).map(pass);
    return stopped(passed, stage, failBy(stage, failure));
  };
  if (outcome.kind !== 'ready') return stoppedBy(outcome.cause);
  const { reached } = outcome;
  const cause = await askAgain(reached, route, caller);
  if (cause !== undefined) return stoppedBy(cause);
  const before = stages.slice(0, stages.indexOf('running')).map(pass);
  const bin = binOf(route, caller);
  return {
    checks: [
      ...before,
      well('running', runningFact(reached)),
      await checkUser(reached, bin, caller),
      well('binary', `${bin} can be executed by ${reached.user}`),
    ],
    reached,
    because: '',
  };
}

function stopped(passed: readonly Check[], stage: Stage, failed: Check): ContainerChecks {
  const because = becauseOf[stage];
  const rest = stages.slice(stages.indexOf(stage) + 1).map((name) => skip(name, because));
  return { checks: [...passed, failed, ...rest], reached: undefined, because };
}

const becauseOf: Readonly<Record<Stage, string>> = {
  engine: 'there is no engine to ask',
  access: 'the engine does not answer this user',
  transport: 'the engine does not answer this user',
  container: 'there is no such container',
  'same home': 'it is not the container of this home',
  running: 'the container does not run',
  user: 'the user is not there',
  binary: 'hermes is not there',
};

function stageOf(cause: Cause): Stage {
  switch (cause.kind) {
    case 'no-engine':
    case 'engine-not-executable':
    case 'shortage':
      return 'engine';
    case 'engine-silent':
    case 'engine-nonsense':
    case 'daemon-down':
    case 'socket-forbidden':
    case 'sudo-refused':
    case 'no-sudo':
      return 'access';
    case 'absent':
      return 'container';
    case 'remote-engine':
    case 'foreign':
      return 'same home';
    case 'not-running':
    case 'paused':
      return 'running';
    case 'user-missing':
    case 'check-failed':
      return 'user';
    case 'binary-missing':
    case 'binary-not-executable':
      return 'binary';
    default:
      // what can only befall a session: there is none here
      return 'running';
  }
}

function binOf(route: ContainerRoute, caller: Caller): string {
  return commandInContainer(caller.name, route.metadata.hermesBin, []).bin;
}

/** The hot path does not ask a container that is up for long; here it is asked all the same. */
function askAgain(
  { via, container, user }: Reached,
  route: ContainerRoute,
  caller: Caller,
): Promise<Cause | undefined> {
  return askReadiness({ access: via, container, user, bin: binOf(route, caller), env: caller.env });
}

async function engineWords(route: ContainerRoute, caller: Caller, facts: readonly Fact[]): Promise<string> {
  const { backend } = route.metadata;
  const said = lastWords(facts, 'engine');
  const engine = backend ?? (lastFact(facts, 'engine')?.engine === 'podman' ? 'podman' : 'docker');
  const binary = locateEngine(engine, caller.env);
  if (binary === undefined) return said;
  const { stdout, ok } = await runProbe([binary, '--version'], caller.env);
  return `${said}${ok ? ` (${stdout.trim().split('\n')[0]})` : ''}`;
}

function wordsOf(
  facts: readonly Fact[],
  engine: string,
  { metadata }: ContainerRoute,
): ReadonlyMap<Stage, string> {
  const probe = lastFact(facts, 'probe');
  const probed = lastWords(facts, 'probe');
  const running = probe && 'runningSinceMs' in probe && probe.runningSinceMs !== undefined;
  return new Map<Stage, string>([
    ['engine', engine],
    ['access', lastWords(facts, 'access')],
    ['container', probed],
    ['same home', lastWords(facts, 'same home')],
    ['running', running ? `${probe.answer}${formatSince(probe)}` : probed],
    ['user', `${metadata.execUser} is there`],
  ]);
}

function runningFact({ container }: Reached): string {
  const { startedMs } = container.state;
  return startedMs === undefined
    ? container.state.word
    : `started ${shortAge(Math.max(0, Math.round((Date.now() - startedMs) / 1000)))} ago`;
}
