import { describeState } from '../engine/describe-state.ts';
import { type Context, findContext } from '../managed/apply/context.ts';
import { planNow } from '../managed/apply/reconcile.ts';
import { lackOfRoom } from '../managed/apply/refuse.ts';
import { askEngine, labels, type Made } from '../managed/engine/facts.ts';
import { commandOf } from '../managed/file/command.ts';
import { describeStep, type Plan } from '../managed/plan/steps.ts';
import { startsByUnit } from '../managed/unit/place.ts';
import { escapeControls } from '../report/escape.ts';
import { Failure, type Hint } from '../report/failure.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer, OutputStyle } from './answer.ts';
import { failureJson, fixesOf } from './format-failure.ts';
import { line, planJson, printWarnings } from './managed-plan.ts';
import { layTable } from './table.ts';

/** What is to be told. */
type Known = {
  readonly made: Made | undefined;
  /** a systemd unit of ours starts the container */
  readonly byUnit: boolean;
  /** what `up` would do, or why it could do nothing */
  readonly outcome: Plan | Failure;
  /** what stands in the way of a next `up`, and not of the container */
  readonly room: Failure | undefined;
};

/** What is declared, what is, and what `up` would do about the difference. Code 1 where there is one. */
export async function status(caller: Caller, { file }: { file: string | undefined }): Promise<Answer> {
  const context = await findContext(caller, file);
  printWarnings(context);
  const { wanted, via, who } = context;
  const byUnit = startsByUnit(who, caller.env, wanted.containerName);
  const room = lackOfRoom(wanted);
  try {
    const { plan, facts } = await planNow(context);
    return tell(context, { made: facts.engine.container, byUnit, outcome: plan, room });
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    // what is wrong with a file that up would copy hides nothing of the container; an engine that does not answer does
    const names = { container: wanted.containerName, image: wanted.image };
    const { container } = await askEngine(via, names, caller.env);
    return tell(context, { made: container, byUnit, outcome: thrown, room });
  }
}

/** The answer, for people and for programs. Pure, but for the age of what runs. */
export function tell(
  context: Pick<Context, 'wanted' | 'via' | 'caller'>,
  { made, byUnit, outcome, room }: Known,
): Answer {
  const { wanted, via } = context;
  const failed = outcome instanceof Failure ? outcome : undefined;
  const plan = outcome instanceof Failure ? undefined : outcome;
  const container = made?.container;
  const state = container ? describeState(container.state, Date.now()) : 'does not exist';
  const differs = plan?.steps.filter(({ kind }) => kind !== 'ready') ?? [];
  const well = plan !== undefined && differs.length === 0 && container?.state.status === 'running';
  const rows: readonly (readonly [string, string])[] = [
    ['file', wanted.file],
    ['state', wanted.stateDir],
    ['hermes', wanted.package ?? wanted.image],
    ['container', `${wanted.containerName} (${via.engine}): ${state}`],
    [
      'at boot',
      byUnit
        ? 'by a systemd unit of hermes-shim'
        : `as the engine does (${commandOf(context.wanted, 'up --install')})`,
    ],
  ];
  const notes = [...(room ? [noteOf(room)] : []), ...(plan?.notes ?? [])];
  return {
    code: well ? 0 : 1,
    json: {
      file: wanted.file,
      stateDir: wanted.stateDir,
      kind: wanted.kind,
      backend: via.engine,
      image: wanted.image,
      container: {
        name: wanted.containerName,
        id: container?.id ?? null,
        status: container?.state.status ?? null,
        identity: made?.labels[labels.identity] ?? null,
      },
      installed: byUnit,
      declared: plan ? planJson({ ...plan, steps: differs, notes }) : null,
      ...(failed ? { error: failureJson(failed) } : {}),
    },
    text: (look) =>
      [
        layTable(rows),
        '\n',
        failed
          ? sayFailed(failed, look)
          : differs.length === 0
            ? line('ok', 'nothing differs from what is declared', look)
            : `Differs; ${commandOf(context.wanted, 'up')} would:\n${differs.map((step) => `  ${describeStep(step)}\n`).join('')}`,
        ...notes.map((note) => line('warning', note, look)),
      ].join(''),
  };
}

const noteOf = ({ sentence, hints: [hint] }: Failure): string =>
  hint ? `${sentence}: ${hint.text}` : sentence;

function sayFailed(failure: Failure, look: OutputStyle): string {
  const fix = ({ label, text }: Hint): string => escapeControls(`    ${label}:  ${text}`, 600);
  return [
    line('failed', `up could do nothing: ${failure.sentence}`, look),
    ...fixesOf(failure).map((hint) => `${fix(hint)}\n`),
  ].join('');
}
