import { isDeepStrictEqual } from 'node:util';
import { exitCodes, Failure } from '../../report/failure.ts';
import { removeArgs, tryEngine } from '../engine/commands.ts';
import { asideName } from '../engine/facts.ts';
import { mayPutBack } from '../plan/container.ts';
import type { Facts } from '../plan/facts.ts';
import { declaredLeaves } from '../plan/files.ts';
import { makePlan } from '../plan/plan.ts';
import type { Plan, Step } from '../plan/steps.ts';
import { withUnit } from '../plan/unit.ts';
import { lookAtUnit } from '../unit/look.ts';
import { startsByUnit } from '../unit/place.ts';
import { makeOwnPlace } from '../write/own-place.ts';
import { type Record, writeRecord } from '../write/record.ts';
import type { Context } from './context.ts';
import { gather } from './gather.ts';
import { perform } from './perform.ts';
import { withFileFailure } from './place.ts';
import { startContainer, stopUnit } from './running.ts';

/** A plan with what it was made of. */
export type Planned = { readonly plan: Plan; readonly facts: Facts };

/** Looks and plans; changes nothing. */
export async function planNow(context: Context, force = false): Promise<Planned> {
  const [facts, unit] = await Promise.all([gather(context), lookAtUnit(context)]);
  const plan = makePlan(context.wanted, facts, { nowMs: Date.now(), force });
  return { facts, plan: withUnit(plan, unit) };
}

/** After these the world is another one: what follows is planned anew. */
const turning: ReadonlyArray<Step['kind']> = ['make-user', 'pull'];

/**
 * Carries a plan out, step by step.
 * @param done is told each step that was done
 * @throws {Failure} 125; what was done stays done, and the next run goes on from there
 */
export async function carryOut(
  context: Context,
  planned: Planned,
  options: { force?: boolean; done: (step: Step) => void },
): Promise<Planned> {
  makeOwnPlace(context.place);
  let { plan, facts } = planned;
  let { force = false } = options;
  remember(context, facts, 'before');
  // what this run puts aside, it may put back; what an earlier one did, only where nothing is lost by it
  let putsBack = mayPutBack(facts.engine);
  for (let at = 0; at < plan.steps.length; at++) {
    const step = plan.steps[at];
    if (step === undefined) break;
    if (putsBack && ['create', 'unit', 'drop-unit', 'start', 'ready'].includes(step.kind))
      await performOrPutBack(step, context, facts);
    else await perform(step, context, facts);
    options.done(step);
    if (step.kind === 'put-aside') {
      putsBack = true;
      force = false;
    }
    if (step.kind === 'put-back' || step.kind === 'drop-aside') putsBack = false;
    if (turning.includes(step.kind)) {
      ({ plan, facts } = await planNow(context, force));
      putsBack = mayPutBack(facts.engine);
      at = -1;
    }
  }
  remember(context, facts, 'after');
  return { plan, facts };
}

/** A new container that does not come up makes room for the one that did. */
async function performOrPutBack(step: Step, context: Context, facts: Facts): Promise<void> {
  try {
    await perform(step, context, facts);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const { target, wanted } = context;
    const name = wanted.containerName;
    await succeeds(stopUnit(context));
    await tryEngine(target, removeArgs(target.via, name));
    const back = await tryEngine(target, ['rename', asideName(name), name]);
    const again = back && (await succeeds(startContainer(context)));
    throw new Failure(
      exitCodes.cannotRoute,
      `the new container did not come up: ${thrown.sentence}; ${again ? 'the old one is back and runs' : 'the old one could not be started either'}`,
      thrown.hints,
    );
  }
}

async function succeeds(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (thrown) {
    if (thrown instanceof Failure) return false;
    throw thrown;
  }
}

/**
 * Remembers what is declared. Before the work: what was made and what will be, so that a run that is killed forgets
 * nothing. After it: what is.
 */
function remember(context: Context, facts: Facts, when: 'before' | 'after'): void {
  const { wanted, who, place, via, caller } = context;
  const { record } = facts;
  const fresh: Record = {
    stateDir: wanted.stateDir,
    backend: via.engine,
    leaves: declaredLeaves(wanted),
    plugins: facts.sources.plugins.map(({ name }) => name),
    bridges: facts.hostUsers.map(({ home }) => home),
    pin: context.pin,
    ...(startsByUnit(who, caller.env, wanted.containerName) ? { unit: wanted.containerName } : {}),
    ...(record.restartDue === undefined ? {} : { restartDue: record.restartDue }),
  };
  const next: Record =
    when === 'after'
      ? fresh
      : {
          ...fresh,
          ...(record.unit === undefined ? {} : { unit: record.unit }),
          leaves: { ...fresh.leaves, ...record.leaves },
          plugins: [...new Set([...record.plugins, ...fresh.plugins])],
          bridges: [...new Set([...record.bridges, ...fresh.bridges])],
        };
  if (isDeepStrictEqual(next, record)) return;
  withFileFailure(place, () => writeRecord(place, next, who.uid, who.gid));
}
