import { gatherCircumstances } from '../engine/circumstances.ts';
import { composedBy } from '../engine/compose.ts';
import { explainCause } from '../engine/explain-cause.ts';
import { lookUp } from '../engine/reach.ts';
import { askReadiness } from '../engine/readiness.ts';
import { escapeControls } from '../report/escape.ts';
import { asFailure, exitCodes, Failure } from '../report/failure.ts';
import type { Caller } from '../route/caller.ts';
import { decideRoute } from '../route/decide.ts';
import { realPath } from '../system/real-path.ts';
import type { Answer } from './answer.ts';
import { type Candidate, searchContainers } from './candidates.ts';
import { type Chosen, chooseCandidate } from './choose.ts';
import { chooseVolume } from './choose-volume.ts';
import { enabled } from './enabled.ts';
import { fixesOf } from './format-failure.ts';
import { chooseBin, type Findings, inquire, inquireWhenSettled } from './inquiry.ts';
import type { Inside } from './metadata-file.ts';
import { metadataText } from './metadata-text.ts';
import { findOwnHome, refuseForeign } from './own-home.ts';
import { ownPinState } from './own-pin-file.ts';
import type { EnableOptions } from './request.ts';
import { homeToMake } from './suggest-home.ts';
import { directoryTarget, type Target, volumeTarget } from './target.ts';

/** Finds the running container of our home, and writes the metadata that sends hermes there. */
export async function enable(caller: Caller, options: EnableOptions): Promise<Answer> {
  const { chosen, why, target } = await findTarget(caller, options);
  const asked = { ...chosen, containerHome: target.containerHome };
  const findings =
    options.user && options.bin
      ? await inquireIfPossible(asked, caller)
      : await inquireWhenSettled(asked, caller);
  const user = options.user ?? need(findings.user, 'who owns the home in there is not known', '--user USER');
  const bin =
    options.bin ??
    need(
      chooseBin(findings.bins, user),
      "hermes is neither in the module's place nor on the PATH in there",
      '--bin PATH',
    );
  const { container, via } = chosen;
  const { containerHome, volume } = target;
  const service = composedBy(container)?.service;
  const names = { engine: via.engine, containerName: container.name, user, bin };
  const text = metadataText({ ...names, service, volume });
  // user and binary may be the container's words: nothing is asked, shown or written with them before they are judged
  const metadata = target.parse(text);
  const cause = await askReadiness({ access: via, container, user, bin, env: caller.env });
  if (cause) {
    const route = target.route(metadata);
    throw explainCause(cause, await gatherCircumstances(cause, route, caller.env, 0));
  }
  let written: string | undefined;
  if (!options.dryRun) {
    const inside = { via, containerId: container.id, owner: findings.owner ?? user, containerHome };
    written = await target.write(text, inside);
    const trouble = await findTrouble(caller, container.id);
    if (trouble) throw await takeBack(target, trouble, inside);
  }
  return enabled({
    chosen,
    why,
    target,
    user,
    bin,
    service,
    text,
    written,
    told: options.user !== undefined,
  });
}

/** Which container, and where what is written goes: into the home, or where that is a volume, to the user's own files. */
async function findTarget(caller: Caller, options: EnableOptions): Promise<Chosen & { target: Target }> {
  const own = findOwnHome(caller);
  const search = await searchContainers(caller, own?.home.path ?? '/', own?.home.ownerUid, {
    backend: options.backend,
    realPath,
  });
  const onVolume = chooseVolume(search, caller, options, own !== undefined);
  if (onVolume) {
    const state = ownPinState(caller);
    refuseForeign(state, []);
    return { ...onVolume, target: volumeTarget(state, caller, onVolume.chosen) };
  }
  if (own === undefined) throw homeToMake(caller, search);
  refuseForeign(own, [
    {
      label: 'change it there',
      text: 'services.hermes-agent.container in configuration.nix; sudo nixos-rebuild switch',
    },
  ]);
  const choice = chooseCandidate(search, own.home.path, options);
  return { ...choice, target: directoryTarget(own, caller, choice.chosen.containerHome ?? '/') };
}

/** Asks the container; where it cannot be asked nothing is known, which is enough when user and binary were given. */
async function inquireIfPossible(chosen: Candidate, caller: Caller): Promise<Findings> {
  try {
    return await inquire(chosen, caller);
  } catch {
    return { user: undefined, owner: undefined, unsettled: false, bins: [] };
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
    const outcome = await lookUp({
      route,
      caller,
      memory: { refusals: new Map(), last: true, verify: 'young' },
    });
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
async function takeBack(target: Target, trouble: Failure, inside: Inside): Promise<Failure> {
  const fate = await target
    .undo(inside)
    .catch((thrown: unknown) => `which could not be taken back (${asFailure(thrown).sentence})`);
  const sentence = `hermes does not reach the container by ${escapeControls(target.file)}, ${fate}: ${trouble.sentence}`;
  return new Failure(exitCodes.cannotRoute, sentence, fixesOf(trouble));
}
