import { gatherCircumstances } from '../engine/circumstances.ts';
import { explainCause } from '../engine/explain-cause.ts';
import { lookUp } from '../engine/reach.ts';
import { askReadiness } from '../engine/readiness.ts';
import { escapeControls } from '../report/escape.ts';
import { asFailure, exitCodes, Failure } from '../report/failure.ts';
import type { Caller } from '../route/caller.ts';
import { type ContainerRoute, decideRoute } from '../route/decide.ts';
import { parseMetadata } from '../route/metadata.ts';
import { realPath } from '../system/real-path.ts';
import { type Answer, mark, type Status } from './answer.ts';
import { type Candidate, searchContainers } from './candidates.ts';
import { chooseCandidate } from './choose.ts';
import { fixesOf } from './format-failure.ts';
import { type Findings, inquire } from './inquiry.ts';
import { type Inside, removeMetadata, writeMetadata } from './metadata-file.ts';
import { metadataText } from './metadata-text.ts';
import { findOwnHome, type OwnHome, refuseForeign } from './own-home.ts';
import type { EnableOptions } from './request.ts';
import { homeToMake } from './suggest-home.ts';

/** Finds the running container that declares our home, and writes the metadata that sends hermes there. */
export async function enable(caller: Caller, options: EnableOptions): Promise<Answer> {
  const own = findOwnHome(caller);
  if (own === undefined) throw await homeToMake(caller, options.backend);
  refuseForeign(own, [
    {
      label: 'change it there',
      text: 'services.hermes-agent.container in configuration.nix; sudo nixos-rebuild switch',
    },
  ]);
  const { home, file } = own;
  const search = await searchContainers(caller, home.path, home.ownerUid, {
    backend: options.backend,
    realPath,
  });
  const chosen = chooseCandidate(search, home.path, options.container);
  const findings =
    options.user && options.bin ? await inquireIfPossible(chosen, caller) : await inquire(chosen, caller);
  const user = options.user ?? need(findings.user, 'who owns the home in there is not known', '--user USER');
  const bin =
    options.bin ??
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
  if (!options.dryRun) {
    const inside = { via, containerId: container.id, owner: findings.owner ?? user, containerHome };
    written = await writeMetadata(home, text, caller, inside);
    const trouble = await findTrouble(caller, container.id);
    if (trouble) throw await takeBack(own, trouble, caller, inside);
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
    text: (style) => {
      const line = (status: Status, says: string): string =>
        `${mark(status, style)} ${escapeControls(says, 500)}\n`;
      return [
        line(
          'ok',
          `home ${home.path} is ${containerHome} in container '${container.name}' (${via.engine}${via.access.kind === 'sudo' ? ` by ${via.access.tool}` : ''})`,
        ),
        line('ok', `user ${user}${options.user ? '' : `, who owns ${containerHome} in there`}`),
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

/** Walks the hot path's own way once more: what was written must lead to that very container. Why it does not. */
async function findTrouble(caller: Caller, id: string): Promise<Failure | undefined> {
  try {
    const route = await decideRoute(caller);
    if (route.kind === 'native') return elsewhere(route.why);
    const outcome = await lookUp({ route, caller, memory: { refusals: new Map(), last: true } });
    if (outcome.kind === 'not-ready') {
      return explainCause(outcome.cause, await gatherCircumstances(outcome.cause, route, caller.env, 0));
    }
    const { container } = outcome.reached;
    return container.id === id ? undefined : elsewhere(`it reaches container '${container.name}'`);
  } catch (thrown) {
    return asFailure(thrown);
  }
}

function elsewhere(why: string): Failure {
  return new Failure(exitCodes.cannotRoute, escapeControls(why), [
    { label: 'find out why', text: 'hermes-shim explain' },
  ]);
}

/** Undoes what was written where it leads nowhere, so that hermes runs where it ran before. The failure to tell. */
async function takeBack(
  { home, text, file }: OwnHome,
  trouble: Failure,
  caller: Caller,
  inside: Inside,
): Promise<Failure> {
  let fate = text === undefined ? 'which was taken back' : 'which is as it was before';
  try {
    if (text === undefined) await removeMetadata(home, caller, async () => inside);
    else await writeMetadata(home, text, caller, inside);
  } catch (thrown) {
    fate = `which could not be taken back (${asFailure(thrown).sentence})`;
  }
  const sentence = `hermes does not reach the container by ${escapeControls(file)}, ${fate}: ${trouble.sentence}`;
  return new Failure(exitCodes.cannotRoute, sentence, fixesOf(trouble));
}
