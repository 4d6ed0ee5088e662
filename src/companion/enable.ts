import { gatherCircumstances } from '../engine/circumstances.ts';
import { explainCause } from '../engine/explain-cause.ts';
import { attempt } from '../engine/reach.ts';
import { askReadiness } from '../engine/readiness.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import type { Caller } from '../route/caller.ts';
import { type ContainerRoute, decideRoute } from '../route/decide.ts';
import { parseMetadata } from '../route/metadata.ts';
import { type Answer, mark, type Status } from './answer.ts';
import { type Candidate, searchContainers } from './candidates.ts';
import { chooseCandidate } from './choose.ts';
import { type Findings, inquire } from './inquiry.ts';
import { writeMetadata } from './metadata-file.ts';
import { metadataText } from './metadata-text.ts';
import { findOwnHome, realPath, refuseForeign } from './own-home.ts';
import type { EnableWishes } from './request.ts';
import { homeToMake } from './suggest-home.ts';

/** Finds the running container that declares our home, and writes the metadata that sends hermes there. */
export async function enable(caller: Caller, wishes: EnableWishes): Promise<Answer> {
  const own = findOwnHome(caller);
  if (own === undefined) throw await homeToMake(caller, wishes.backend);
  refuseForeign(own, [
    {
      label: 'change it there',
      text: 'services.hermes-agent.container in configuration.nix; sudo nixos-rebuild switch',
    },
  ]);
  const { home, file } = own;
  const search = await searchContainers(caller, home.path, home.ownerUid, {
    backend: wishes.backend,
    realPath,
  });
  const chosen = chooseCandidate(search, home.path, wishes.container);
  const findings =
    wishes.user && wishes.bin ? await inquireIfPossible(chosen, caller) : await inquire(chosen, caller);
  const user = wishes.user ?? need(findings.user, 'who owns the home in there is not known', '--user USER');
  const bin =
    wishes.bin ??
    need(findings.bin, "hermes is neither in the module's place nor on the PATH in there", '--bin PATH');
  const { container, containerHome = '/', via } = chosen;
  const text = metadataText({ engine: via.engine, containerName: container.name, user, bin });
  const metadata = parseMetadata(text, file);
  const route: ContainerRoute = {
    kind: 'container',
    metadata,
    file,
    homePath: home.path,
    homeRoot: home.path,
    profile: undefined,
    ownerUid: home.ownerUid,
  };
  const cause = await askReadiness({ access: via, container, user, bin, env: caller.env });
  if (cause) throw explainCause(cause, await gatherCircumstances(cause, route, caller.env, 0));
  let written: string | undefined;
  if (!wishes.dryRun) {
    const inside = { via, containerId: container.id, owner: findings.owner ?? user, containerHome };
    written = await writeMetadata(home, text, caller, inside);
    await proveIt(caller, container.id);
  }
  const network = container.hostNetwork;
  return {
    code: 0,
    json: {
      home: home.path,
      backend: via.engine,
      access: via.access.kind,
      container: container.name,
      containerHome,
      user,
      bin,
      hostNetwork: network,
      file,
      written: written !== undefined,
    },
    text: (look) => {
      const line = (status: Status, says: string): string =>
        `${mark(status, look)} ${escapeControls(says, 500)}\n`;
      return [
        line(
          'ok',
          `home ${home.path} is ${containerHome} in container '${container.name}' (${via.engine}${via.access.kind === 'sudo' ? ` by ${via.access.tool}` : ''})`,
        ),
        line('ok', `user ${user}${wishes.user ? '' : `, who owns ${containerHome} in there`}`),
        line('ok', `hermes is ${bin} in there`),
        network
          ? ''
          : line(
              'warning',
              "the container has a network of its own: what hermes listens on in there (OAuth callbacks) does not answer on this host's 127.0.0.1; make it again with --network=host if you need that",
            ),
        written === undefined
          ? `Would write ${escapeControls(file)}:\n\n${text}`
          : line('ok', `wrote ${file} (${written})`),
        written === undefined
          ? ''
          : '\nhermes now runs in the container. Try:  hermes version\nBack again:                             hermes-shim disable\n',
      ].join('');
    },
  };
}

/** What the NixOS module or somebody by hand wrote is theirs. */
async function inquireIfPossible(chosen: Candidate, caller: Caller): Promise<Findings> {
  try {
    return await inquire(chosen, caller);
  } catch {
    return { user: undefined, owner: undefined, bin: undefined };
  }
}

function need(value: string | undefined, sentence: string, option: string): string {
  if (value !== undefined) return value;
  throw new Failure(exitCodes.cannotRoute, sentence, [
    { label: 'say it', text: `hermes-shim enable ${option}` },
  ]);
}

/** Walks the hot path's own way once more: what was written must lead to that very container. */
async function proveIt(caller: Caller, id: string): Promise<void> {
  const route = await decideRoute(caller);
  const outcome =
    route.kind === 'container' &&
    (await attempt({ route, caller, memory: { refusals: new Map(), last: true } }));
  if (outcome && outcome.kind === 'ready' && outcome.reached.container.id === id) return;
  throw new Failure(
    exitCodes.cannotRoute,
    'the metadata was written, but hermes still does not reach the container',
    [{ label: 'find out why', text: 'hermes-shim doctor' }],
  );
}
