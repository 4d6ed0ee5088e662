import type { Context } from '../managed/apply/context.ts';
import { withFileFailure } from '../managed/apply/place.ts';
import { type Planned, planNow } from '../managed/apply/reconcile.ts';
import { pull } from '../managed/engine/commands.ts';
import { commandOf } from '../managed/file/command.ts';
import { isRestartDue, switchesPackage } from '../managed/plan/restart-due.ts';
import { readRecord, writeRecord } from '../managed/write/record.ts';
import type { Caller } from '../route/caller.ts';
import { agreeOn } from './agree.ts';
import type { Answer } from './answer.ts';
import { line, printWarnings } from './managed-plan.ts';
import { restartKept } from './restart.ts';
import { reconcile } from './up.ts';
import { withLock } from './with-lock.ts';

type Options = { file: string | undefined; json: boolean; yes: boolean };

/**
 * The newest hermes. In the official image: pulls it and, if it is another one, makes the container anew; the old one is
 * kept until the new one is ready. With a package: leads current-package to what it is now, and restarts.
 */
export function update(caller: Caller, options: Options): Promise<Answer> {
  return withLock(caller, { file: options.file }, async (context) => {
    printWarnings(context);
    return context.wanted.kind === 'official'
      ? updateImage(context, options)
      : updatePackage(context, options);
  });
}

async function updateImage(context: Context, options: Options): Promise<Answer> {
  const { wanted, target } = context;
  await pull(target, wanted.image, process.stderr.isTTY === true);
  const planned = await planNow(context);
  const pulled = `${wanted.image} was pulled and stays: the next ${commandOf(context.wanted, 'up')} would make the container anew with it, and asks, too`;
  const agreed = await agreeOn(context, planned, { ...options, before: pulled });
  return reconcile(context, agreed, { ...options, yes: true });
}

async function updatePackage(context: Context, options: Options): Promise<Answer> {
  const first = await planNow(context);
  if (!isRestartDue(first.plan, first.facts)) return reconcile(context, first, options);
  const planned = await agreeOn(context, first, options);
  const { plan } = planned;
  // before the link: an update that is interrupted behind it leaves a gateway that runs the old package
  const switches = switchesPackage(plan);
  const marked = switches ? mark(context, planned) : planned;
  const answer = await reconcile(context, marked, { ...options, yes: true, restarts: true });
  await restartKept(context);
  remember(context, undefined);
  const restarted = `restarted container '${context.wanted.containerName}'`;
  return {
    ...answer,
    text: (look) =>
      [
        line('ok', restarted, look),
        // where nothing else was to do, it would say that all is well as it was
        ...(switches ? [answer.text(look)] : plan.notes.map((note) => line('warning', note, look))),
      ].join(''),
  };
}

/** The same plan, with the restart remembered. */
function mark(context: Context, { plan, facts }: Planned): Planned {
  const restartDue = Date.now();
  remember(context, restartDue);
  return { plan, facts: { ...facts, record: { ...facts.record, restartDue } } };
}

function remember({ place, wanted, who }: Context, restartDue: number | undefined): void {
  const { restartDue: _, ...record } = readRecord(place, wanted.stateDir);
  const next = restartDue === undefined ? record : { ...record, restartDue };
  withFileFailure(place, () => writeRecord(place, next, who.uid, who.gid));
}
