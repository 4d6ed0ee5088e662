import { isAlive } from '../../engine/container.ts';
import { isYoung } from '../../engine/readiness.ts';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { type EngineFacts, hasRun, labels, type Made } from '../engine/facts.ts';
import { refusal } from '../engine/sharing.ts';
import type { Wanted } from '../file/wanted.ts';
import type { Facts } from './facts.ts';
import { createArgs, identityOf, implicitOptions, restartPolicy } from './identity.ts';
import type { Step } from './steps.ts';

/** The identity that the container shall have. Pure. */
export function wantedIdentity(wanted: Wanted, facts: Facts): string {
  const { layout, engine } = facts;
  // what hermes is told to say is not worth what is lost with a container, should a release say it in other words
  const { HERMES_MANAGED: _, ...env } = layout.env;
  const { uid, gid } = facts.owner ?? { uid: -1, gid: -1 };
  return identityOf({
    image: wanted.image,
    imageId: imageIdOf(wanted, engine),
    volumes: layout.volumes,
    options: [...implicitOptions(wanted, facts), ...wanted.extraOptions],
    env,
    owner: `${uid}:${gid}`,
    entrypoint: [layout.entrypoint === undefined ? '' : facts.entrypoint, ...layout.command],
  });
}

/** By its own digest, else as the engine has it, else as the container was made of it. */
function imageIdOf(wanted: Wanted, engine: Facts['engine']): string | undefined {
  if (wanted.image.includes('@sha256:')) return undefined;
  const { container, imageId } = engine;
  return imageId ?? (container?.labels[labels.image] === wanted.image ? container.imageId : undefined);
}

/**
 * What is done about the container. Pure.
 * @param force makes a new one whatever its identity
 * @throws {Failure} 125 where the name belongs to somebody else, or another container works on this home
 */
export function planContainer(wanted: Wanted, facts: Facts, nowMs: number, force = false): readonly Step[] {
  const steps = planSteps(wanted, facts, nowMs, force);
  const [sharer] = facts.sharing;
  if (sharer && steps.some(({ kind }) => kind === 'start')) throw refusal(sharer, wanted);
  return steps;
}

/**
 * May the container that an earlier run had put aside get its name back where the one of now does not come up? Not from one
 * that has been started: that may have been the container for weeks. Pure.
 */
export function mayPutBack({ container, aside }: EngineFacts): boolean {
  return aside !== undefined && (container === undefined || !hasRun(container));
}

function planSteps(wanted: Wanted, facts: Facts, nowMs: number, force: boolean): readonly Step[] {
  const { container, aside, imageId } = facts.engine;
  if (container) refuseForeign(container, wanted, facts);
  const identity = wantedIdentity(wanted, facts);
  const policy = restartPolicy(wanted.restart, facts.byUnit);
  const argv = createArgs(wanted, facts.layout, { ...facts, identity, policy });
  const made: readonly Step[] = [
    ...(imageId === undefined ? [{ kind: 'pull', image: wanted.image } as const] : []),
    { kind: 'create', argv, identity },
    { kind: 'start' },
    { kind: 'ready' },
  ];
  const drop: readonly Step[] = aside ? [{ kind: 'drop-aside' }] : [];
  if (container === undefined) {
    // put aside by a run that was killed before it made the next one
    if (aside && !force && aside.labels[labels.identity] === identity)
      return [{ kind: 'put-back', loses: false }, { kind: 'start' }, { kind: 'ready' }];
    return [...made, ...drop];
  }
  const running = container.container.state.status === 'running';
  if (force || container.labels[labels.identity] !== identity) {
    if (aside && !force && aside.labels[labels.identity] === identity)
      // one that has never run has nothing in it yet
      return [{ kind: 'put-back', loses: hasRun(container) }, { kind: 'start' }, { kind: 'ready' }];
    const why = force ? 'as asked' : reason(container, wanted, facts);
    const [pull, rest] = [
      made.filter(({ kind }) => kind === 'pull'),
      made.filter(({ kind }) => kind !== 'pull'),
    ];
    return [
      ...pull,
      {
        kind: 'put-aside',
        why,
        running: isAlive(container.container),
        older: aside === undefined ? 'none' : hasRun(container) ? 'dropped' : 'kept',
      },
      ...rest,
      { kind: 'drop-aside' },
    ];
  }
  const steps: Step[] =
    container.restartPolicy === policy || facts.policyIsFixed ? [] : [{ kind: 'policy', policy }];
  if (!running) steps.push({ kind: 'start' });
  if (!running || aside || isYoung(container.container, nowMs)) steps.push({ kind: 'ready' });
  return [...steps, ...drop];
}

function refuseForeign(container: Made, wanted: Wanted, { via }: Facts): void {
  const owner = container.labels[labels.managed];
  if (owner === wanted.stateDir) return;
  const { engine } = via;
  const name = wanted.containerName;
  const whose =
    owner === undefined
      ? 'hermes-shim did not make'
      : `belongs to the state directory ${escapeControls(owner)}`;
  throw new Failure(
    exitCodes.cannotRoute,
    `there is a container '${name}' already (${engine}), which ${whose}`,
    [
      { label: 'use that one', text: 'hermes-shim enable' },
      { label: 'another name', text: 'container.name: …   # in hermes-shim.yaml' },
      { label: 'or remove it', text: `${engine} rm -f ${name}   # with all that was installed in it` },
    ],
  );
}

function reason(container: Made, wanted: Wanted, facts: Facts): string {
  const before = container.labels[labels.image];
  if (before !== wanted.image)
    return `its image is ${escapeControls(before ?? 'another one')}, wanted is ${wanted.image}`;
  const imageId = facts.engine.imageId;
  if (imageId !== undefined && imageId !== container.imageId)
    return `${wanted.image} means another image now than when it was made`;
  return 'its volumes, options or arguments have changed';
}
