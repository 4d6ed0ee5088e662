import { isDeepStrictEqual } from 'node:util';
import { exitCodes, Failure } from '../../report/failure.ts';
import { removeArgs, tryTo } from '../engine/deeds.ts';
import { asideName } from '../engine/facts.ts';
import type { Facts } from '../plan/facts.ts';
import { declaredLeaves } from '../plan/files.ts';
import { makePlan } from '../plan/plan.ts';
import type { Plan, Step } from '../plan/steps.ts';
import { withUnit } from '../plan/unit.ts';
import { lookAtUnit } from '../unit/install.ts';
import { makeOwnPlace } from '../write/own-place.ts';
import { type Record, writeRecord } from '../write/record.ts';
import { gather } from './gather.ts';
import type { Ground } from './ground.ts';
import { perform } from './perform.ts';
import { told } from './place.ts';
import { startContainer, stopUnit } from './running.ts';

/** A plan with what it was made of. */
export type Planned = { readonly plan: Plan; readonly facts: Facts };

/** Looks and plans; changes nothing. */
export async function planNow(ground: Ground, force = false): Promise<Planned> {
  const [facts, unit] = await Promise.all([gather(ground), lookAtUnit(ground)]);
  const plan = makePlan(ground.wanted, facts, { nowMs: Date.now(), force });
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
  ground: Ground,
  planned: Planned,
  options: { force?: boolean; done: (step: Step) => void },
): Promise<Planned> {
  makeOwnPlace(ground.place);
  let { plan, facts } = planned;
  let { force = false } = options;
  remember(ground, facts, 'before');
  let aside = facts.engine.aside !== undefined;
  for (let at = 0; at < plan.steps.length; at++) {
    const step = plan.steps[at];
    if (step === undefined) break;
    if (aside && ['create', 'unit', 'start', 'ready'].includes(step.kind))
      await performOrPutBack(step, ground, facts);
    else await perform(step, ground, facts);
    options.done(step);
    if (step.kind === 'put-aside') {
      aside = true;
      force = false;
    }
    if (step.kind === 'put-back' || step.kind === 'drop-aside') aside = false;
    if (turning.includes(step.kind)) {
      ({ plan, facts } = await planNow(ground, force));
      at = -1;
    }
  }
  remember(ground, facts, 'after');
  return { plan, facts };
}

/** A new container that does not come up makes room for the one that did. */
async function performOrPutBack(step: Step, ground: Ground, facts: Facts): Promise<void> {
  try {
    await perform(step, ground, facts);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const { doer, wanted } = ground;
    const name = wanted.containerName;
    await succeeds(stopUnit(ground));
    await tryTo(doer, removeArgs(doer.via, name));
    const back = await tryTo(doer, ['rename', asideName(name), name]);
    const again = back && (await succeeds(startContainer(ground)));
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
function remember(ground: Ground, facts: Facts, when: 'before' | 'after'): void {
  const { wanted, who, place, via } = ground;
  const { record } = facts;
  const fresh: Record = {
    stateDir: wanted.stateDir,
    backend: via.engine,
    leaves: declaredLeaves(wanted),
    plugins: facts.sources.plugins.map(({ name }) => name),
    bridges: facts.hostUsers.map(({ home }) => home),
    pin: ground.pin,
  };
  const next: Record =
    when === 'after'
      ? fresh
      : {
          ...fresh,
          leaves: { ...fresh.leaves, ...record.leaves },
          plugins: [...new Set([...record.plugins, ...fresh.plugins])],
          bridges: [...new Set([...record.bridges, ...fresh.bridges])],
        };
  if (isDeepStrictEqual(next, record)) return;
  told(place, () => writeRecord(place, next, who.uid, who.gid));
}
