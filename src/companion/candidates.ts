import { type Access, accessOrder, type EngineAccess, engineCommand } from '../engine/access.ts';
import { type Container, toContainer } from '../engine/container.ts';
import { endpointOf, remoteAddress } from '../engine/endpoint.ts';
import { locateElevation, locateEngine } from '../engine/locate.ts';
import { volumeAt } from '../engine/mounts.ts';
import { judgeSameHome } from '../engine/same-home.ts';
import { whoseOf } from '../engine/subordinate.ts';
import { namesPodman, servedPodman } from '../engine/transport/socket.ts';
import { escapeControls } from '../report/escape.ts';
import type { Caller } from '../route/caller.ts';
import type { Engine } from '../route/metadata.ts';
import { runProbe } from './run-probe.ts';

/** A running container, how it was found, and whether it is the one of a home. */
export type Candidate = {
  readonly via: EngineAccess;
  readonly container: Container;
  /** the home as it sees it, where it declares ours */
  readonly containerHome: string | undefined;
  /** why it is not ours, as the end of a sentence that begins with its name */
  readonly why: string | undefined;
  /** it declares a home, and keeps it on this volume */
  readonly volume: string | undefined;
};

/** What could be asked, and what it said. */
export type Search = {
  readonly candidates: readonly Candidate[];
  /** which engine could not be asked, and why */
  readonly silent: readonly string[];
  /** of which container its engine said nothing, and why: it may be the one of the home */
  readonly unknown: readonly string[];
};

type Json = { readonly [key: string]: unknown };

/** Looks at every running container of every engine and access that this caller has. Starts nothing. */
export async function searchContainers(
  caller: Caller,
  homeRoot: string,
  ownerUid: number | undefined,
  options: { backend: Engine | undefined; realPath: (path: string) => string },
): Promise<Search> {
  const found = new Map<string, Candidate>();
  const silent: string[] = [];
  const unknown: string[] = [];
  const engines: readonly Engine[] = options.backend ? [options.backend] : ['docker', 'podman'];
  for (const engine of engines) {
    const binary = locateEngine(engine, caller.env);
    if (binary === undefined) {
      silent.push(`${engine}: not found, on PATH or in the usual places`);
      continue;
    }
    const mute: string[] = [];
    for (const access of accessesOf(engine, caller, ownerUid)) {
      const via = { engine, binary, access };
      const listed = await listRunning(via, caller);
      const who = access.kind === 'sudo' ? `${access.tool} ${engine}` : engine;
      const told = (words: string): string => `${who}: ${escapeControls(words, 160)}`;
      if (listed.silent !== undefined) mute.push(told(listed.silent));
      unknown.push(...listed.unknown.map(told));
      for (const json of listed.containers) {
        const candidate = judge(via, json, homeRoot, options.realPath);
        if (candidate && !found.has(candidate.container.id)) found.set(candidate.container.id, candidate);
      }
      // docker has one daemon: who has its answer once has all of it, and whom it refused before does not matter
      if (engine === 'docker' && listed.silent === undefined) {
        mute.length = 0;
        break;
      }
    }
    silent.push(...mute);
  }
  return { candidates: [...found.values()], silent, unknown };
}

function accessesOf(engine: Engine, caller: Caller, ownerUid: number | undefined): readonly Access[] {
  const named = engine === 'podman' && namesPodman(caller.env);
  const { uid, own } = whoseOf(engine, ownerUid, caller.uid);
  const order = accessOrder({ engine, uid, ownerUid: own ? uid : ownerUid, named });
  return order.flatMap((kind): readonly Access[] => {
    if (kind === 'direct') return [{ kind }];
    if (kind === 'socket') {
      const socket = servedPodman(caller.env, { uid, own });
      return socket ? [{ kind, socket }] : [];
    }
    const elevation = locateElevation(caller.env);
    return elevation ? [{ kind, ...elevation }] : [];
  });
}

/** `silent` says why the engine could not be asked, `unknown` of which containers it said nothing. */
type Listing = {
  readonly containers: readonly Json[];
  readonly silent?: string;
  readonly unknown: readonly string[];
};

async function listRunning(via: EngineAccess, caller: Caller): Promise<Listing> {
  const nothing = { containers: [], unknown: [] };
  const remote = await remoteAddress(via, endpointOf(via, caller.env), caller.env);
  if (remote !== undefined) return { ...nothing, silent: `runs elsewhere (${remote})` };
  const ids = await runProbe(engineCommand(via, ['ps', '-q', '--no-trunc'], true), caller.env);
  if (!ids.ok) return { ...nothing, silent: ids.words };
  const list = ids.stdout.split('\n').filter((id) => /^[0-9a-f]{12,64}$/.test(id));
  if (list.length === 0) return nothing;
  const all = await inspect(via, list, caller);
  if (all.containers !== undefined) return { ...nothing, containers: all.containers };
  if (!all.late) return { ...nothing, silent: all.words };
  // an engine that hangs over one container, as docker at times does, answers for the others
  const each = list.length === 1 ? [all] : await Promise.all(list.map((id) => inspect(via, [id], caller)));
  return {
    containers: each.flatMap(({ containers = [] }) => containers),
    unknown: each.flatMap(({ containers, words }, at) =>
      containers === undefined ? [`container ${list[at]?.slice(0, 12)}: ${words}`] : [],
    ),
  };
}

/** What the engine says of these; `words` is why it says nothing. */
async function inspect(
  via: EngineAccess,
  ids: readonly string[],
  caller: Caller,
): Promise<{ readonly containers?: readonly Json[]; readonly words: string; readonly late: boolean }> {
  const argv = engineCommand(via, ['inspect', '--type', 'container', ...ids], true);
  const { stdout, words, late } = await runProbe(argv, caller.env, inspectMs);
  try {
    const json: unknown = JSON.parse(stdout);
    if (Array.isArray(json)) return { containers: json as readonly Json[], words: '', late };
  } catch {
    // told below
  }
  return { words: words || 'its answer to inspect makes no sense', late };
}

/** How long an `inspect` of all running containers may take, and then one of each, in milliseconds. */
const inspectMs = 10_000;

function judge(
  via: EngineAccess,
  json: Json,
  homeRoot: string,
  realPath: (path: string) => string,
): Candidate | undefined {
  const container = toContainer(json);
  if (container === undefined) return undefined;
  const same = judgeSameHome(container, homeRoot, realPath);
  const declared = container.env.get('HERMES_HOME');
  return {
    via,
    container,
    containerHome: same.same ? same.containerHome : undefined,
    why: same.same ? undefined : same.why,
    volume: declared ? volumeAt(container, declared)?.name : undefined,
  };
}
