import { trace } from '../report/trace.ts';
import type { Caller } from '../route/caller.ts';
import type { ContainerRoute } from '../route/decide.ts';
import type { Engine } from '../route/metadata.ts';
import { realPath } from '../system/real-path.ts';
import { type Access, accessFact, accessOrder, commandPrefix, type EngineAccess } from './access.ts';
import { askIfReady, unready } from './ask-if-ready.ts';
import type { Cause } from './cause.ts';
import type { Container } from './container.ts';
import { endpointOf, remoteAddress } from './endpoint.ts';
import { isOfTheContainer, mostHelpfulCause } from './helpful-cause.ts';
import { type EntryPlace, entryPlaceOf, recall, type Use } from './known/known.ts';
import { type Elevation, findNonExecutable, locateElevation, locateEngine } from './locate.ts';
import { probe } from './probe.ts';
import { toCause } from './probe-cause.ts';
import { probeFact } from './probe-result.ts';
import { isYoung } from './readiness.ts';
import { judgeSameHome, judgeSameVolume } from './same-home.ts';
import { whoseOf } from './subordinate.ts';
import { namesPodman, servedPodman } from './transport/socket.ts';
import { transportFact } from './transport/why-client.ts';

/** The managed container, found and ready: all that the exec needs to know. */
export type Reached = {
  readonly via: EngineAccess;
  readonly container: Container;
  /** `exec_user`, or the container's numbers for it */
  readonly user: string;
  /** the home as the container sees it; `undefined` where the same-home rule was lifted */
  readonly containerHome: string | undefined;
  /** where the verdict is kept, and whether it comes from there, so that nobody has looked */
  readonly known?: { readonly place: EntryPlace; readonly recalled: boolean } | undefined;
};

/** One look at the engines: either there, or why not. */
export type LookupResult =
  | { readonly kind: 'ready'; readonly reached: Reached }
  | { readonly kind: 'not-ready'; readonly cause: Cause };

/** What is kept between the looks of one call. */
export type Memory = {
  /** a refused `sudo -n` is logged by sudo: it is not asked again within one call; rules are given for each engine */
  readonly refusals: Map<Engine, Extract<Cause, { kind: 'sudo-refused' }>>;
  /** the waiting is over, now that it is asked: a user that has not appeared by now never will */
  readonly last: boolean;
  /**
   * Which containers are asked whether user and binary are there. Without it young ones, but by the API none: there the
   * start itself finds out, and starts nothing. `all`: a start has just failed that way.
   */
  readonly verify?: 'young' | 'all' | undefined;
  /** without it no verdict is remembered, and no remembered one is used */
  readonly known?: Use | undefined;
};

/** What a lookup depends on. */
export type Lookup = {
  readonly route: ContainerRoute;
  readonly caller: Pick<Caller, 'name' | 'env' | 'uid'>;
  readonly memory: Memory;
};

/** Looks once for the managed container by every engine and access that may have it. Starts nothing in it. */
export async function lookUp(lookup: Lookup): Promise<LookupResult> {
  const { backend } = lookup.route.metadata;
  const engines: readonly Engine[] = backend ? [backend] : ['docker', 'podman'];
  let notable: Cause | undefined;
  for (const engine of engines) {
    const binary = locateEngine(engine, lookup.caller.env);
    trace(() => ({ about: 'engine', engine, binary }));
    if (binary === undefined) {
      const file = findNonExecutable(engine, lookup.caller.env);
      if (file) notable ??= { kind: 'engine-not-executable', engine, file, detail: 'permission denied' };
      continue;
    }
    const outcome = await lookUpByEngine(lookup, engine, binary);
    if (outcome.kind === 'ready') return outcome;
    // the engine that has it; of two that do not have it, the one with the more telling reason
    const has = isOfTheContainer(outcome.cause) && !(notable && isOfTheContainer(notable));
    if (notable === undefined || notable.kind === 'absent' || has) notable = outcome.cause;
  }
  return unready(notable ?? { kind: 'no-engine', backend });
}

async function lookUpByEngine(lookup: Lookup, engine: Engine, binary: string): Promise<LookupResult> {
  let elevation: Elevation | undefined;
  const causes = new Map<Access['kind'], Cause>();
  const { uid, own } = whoseOf(engine, lookup.route.ownerUid, lookup.caller.uid);
  const named = engine === 'podman' && namesPodman(lookup.caller.env);
  for (const kind of accessOrder({ engine, uid, ownerUid: own ? uid : lookup.route.ownerUid, named })) {
    if (kind === 'socket') {
      const socket = servedPodman(lookup.caller.env, { uid, own });
      if (socket === undefined) continue;
      const outcome = await lookUpByAccess(lookup, { engine, binary, access: { kind, socket } });
      if (outcome.kind === 'ready' || isOfTheContainer(outcome.cause)) return outcome;
      // root's podman has answered, and would say the same by sudo
      if (outcome.cause.kind === 'absent' && !own) causes.set('sudo', outcome.cause);
      if (!own) causes.set(kind, outcome.cause);
      continue;
    }
    if (kind === 'sudo') {
      if (causes.has('sudo')) continue;
      const refusal = lookup.memory.refusals.get(engine);
      if (refusal) {
        causes.set('sudo', refusal);
        continue;
      }
      elevation = locateElevation(lookup.caller.env);
      if (elevation === undefined) {
        causes.set('sudo', { kind: 'no-sudo', engine, binary });
        continue;
      }
    }
    const access: Access = kind === 'sudo' && elevation ? { kind: 'sudo', ...elevation } : { kind: 'direct' };
    const outcome = await lookUpByAccess(lookup, { engine, binary, access });
    if (outcome.kind === 'ready') return outcome;
    // by sudo the same daemon would say the same, and every attempt is logged; root's podman is another one
    if (
      engine === 'docker' &&
      isOfTheContainer(outcome.cause) &&
      endpointOf({ engine, binary, access }, lookup.caller.env).kind === 'default'
    )
      return outcome;
    if (outcome.cause.kind === 'sudo-refused') lookup.memory.refusals.set(engine, outcome.cause);
    causes.set(kind, outcome.cause);
  }
  const [direct, sudo, served] = (['direct', 'sudo', 'socket'] as const).map((kind) => causes.get(kind));
  return unready(mostHelpfulCause(engine, { direct, sudo, served }, own || named));
}

async function lookUpByAccess(lookup: Lookup, via: EngineAccess): Promise<LookupResult> {
  const { containerName, service } = lookup.route.metadata;
  const { env } = lookup.caller;
  const endpoint = endpointOf(via, env);
  const { known } = lookup.memory;
  const place = known && entryPlaceOf(lookup, via, endpoint);
  trace(() => accessFact(via.access));
  const recalled = place && known === 'always' ? recall(place, lookup.route) : undefined;
  if (place && recalled)
    return { kind: 'ready', reached: { via, ...recalled, known: { place, recalled: true } } };
  const [result, remote] = await Promise.all([
    probe(via, containerName, { env, endpoint }),
    remoteAddress(via, endpoint, env),
  ]);
  trace(() => probeFact(`${commandPrefix(via)} inspect ${containerName}`, result));
  if (result.kind === 'found' || result.kind === 'absent')
    trace(() =>
      transportFact(via, result.api, {
        env,
        endpoint,
        whose: whoseOf(via.engine, lookup.route.ownerUid, lookup.caller.uid),
      }),
    );
  if (result.kind === 'absent' && service) {
    // compose may have made it anew under another name; the rules for it are those of any other
    const renamed = await (await import('./find-service.ts')).findService(via, service, env);
    if (renamed) return judgeContainer(lookup, { ...via, api: result.api }, renamed, remote, place);
  }
  if (result.kind !== 'found') return unready(toCause(result, via));
  return judgeContainer(lookup, { ...via, api: result.api }, result.container, remote, place);
}

async function judgeContainer(
  lookup: Lookup,
  via: EngineAccess,
  container: Container,
  remote: string | undefined,
  place: EntryPlace | undefined,
): Promise<LookupResult> {
  const { route, caller } = lookup;
  const { engine } = via;
  const allowed = caller.env.HERMES_SHIM_ALLOW_FOREIGN === container.name;
  if (remote !== undefined && !allowed) return unready({ kind: 'remote-engine', engine, endpoint: remote });
  const { volume, homeRoot } = route;
  const same = volume ? judgeSameVolume(container, volume) : judgeSameHome(container, homeRoot, realPath);
  trace(() => ({
    about: 'same home',
    ...(same.same
      ? { containerHome: same.containerHome, home: homeRoot, volume: volume?.name }
      : { why: same.why }),
  }));
  if (!same.same && !allowed) return unready({ kind: 'foreign', engine, why: same.why });
  if (container.state.status === 'paused') {
    return unready({ kind: 'paused', engine, container, prefix: commandPrefix(via) });
  }
  if (container.state.status !== 'running') return unready({ kind: 'not-running', engine, container, via });
  const containerHome = same.same && remote === undefined ? same.containerHome : undefined;
  // what only HERMES_SHIM_ALLOW_FOREIGN let in is not remembered
  const known = place && containerHome !== undefined ? { place, recalled: false } : undefined;
  const reached = { via, container, containerHome, user: route.metadata.execUser, known };
  const young = isYoung(container, Date.now());
  const { verify } = lookup.memory;
  if (verify === 'all' || (young && (verify || via.api === undefined))) return askIfReady(lookup, reached);
  trace(() =>
    young ? { about: 'ready', shows: 'at the start' } : { about: 'ready', young, missing: undefined },
  );
  return { kind: 'ready', reached };
}
