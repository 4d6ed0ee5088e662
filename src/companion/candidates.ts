import { type Access, accessOrder, type EngineAccess, engineCommand } from '../engine/access.ts';
import { type Container, toContainer } from '../engine/container.ts';
import { endpointOf, remoteAddress } from '../engine/endpoint.ts';
import { locateElevation, locateEngine } from '../engine/locate.ts';
import { volumeAt } from '../engine/mounts.ts';
import { judgeSameHome } from '../engine/same-home.ts';
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

/** What could be asked, and what it said; `silent` says which engine could not be asked, and why. */
export type Search = { readonly candidates: readonly Candidate[]; readonly silent: readonly string[] };

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
  const engines: readonly Engine[] = options.backend ? [options.backend] : ['docker', 'podman'];
  for (const engine of engines) {
    const binary = locateEngine(engine, caller.env);
    if (binary === undefined) {
      silent.push(`${engine}: not found, on PATH or in the usual places`);
      continue;
    }
    for (const access of accessesOf(engine, caller, ownerUid)) {
      const via = { engine, binary, access };
      const listed = await listRunning(via, caller);
      if (typeof listed === 'string') {
        silent.push(
          `${access.kind === 'sudo' ? `${access.tool} ` : ''}${engine}: ${escapeControls(listed, 160)}`,
        );
        continue;
      }
      for (const json of listed) {
        const candidate = judge(via, json, homeRoot, options.realPath);
        if (candidate && !found.has(candidate.container.id)) found.set(candidate.container.id, candidate);
      }
      // docker has one daemon: root sees there what everybody sees
      if (engine === 'docker') break;
    }
  }
  return { candidates: [...found.values()], silent };
}

function accessesOf(engine: Engine, caller: Caller, ownerUid: number | undefined): readonly Access[] {
  const named = engine === 'podman' && namesPodman(caller.env);
  return accessOrder({ engine, uid: caller.uid, ownerUid, named }).flatMap((kind): readonly Access[] => {
    if (kind === 'direct') return [{ kind }];
    if (kind === 'socket') {
      const own = caller.uid !== 0 && ownerUid === caller.uid;
      const socket = servedPodman(caller.env, { uid: caller.uid, own });
      return socket ? [{ kind, socket }] : [];
    }
    const elevation = locateElevation(caller.env);
    return elevation ? [{ kind, ...elevation }] : [];
  });
}

async function listRunning(via: EngineAccess, caller: Caller): Promise<readonly Json[] | string> {
  const remote = await remoteAddress(via, endpointOf(via, caller.env), caller.env);
  if (remote !== undefined) return `runs elsewhere (${remote})`;
  const ids = await runProbe(engineCommand(via, ['ps', '-q', '--no-trunc'], true), caller.env);
  if (!ids.ok) return ids.words;
  const list = ids.stdout.split('\n').filter((id) => /^[0-9a-f]{12,64}$/.test(id));
  if (list.length === 0) return [];
  const facts = await runProbe(
    engineCommand(via, ['inspect', '--type', 'container', ...list], true),
    caller.env,
  );
  try {
    const json: unknown = JSON.parse(facts.stdout);
    return Array.isArray(json) ? (json as readonly Json[]) : 'its answer to inspect makes no sense';
  } catch {
    return facts.words || 'its answer to inspect makes no sense';
  }
}

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
