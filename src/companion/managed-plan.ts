import { createInterface, type Interface } from 'node:readline/promises';
import { commandFor, type Ground } from '../managed/apply/ground.ts';
import { warningsOf } from '../managed/file/warnings.ts';
import { namesIn } from '../managed/merge/env-file.ts';
import { lineDiff } from '../managed/plan/diff.ts';
import { losesSomething, type Plan, type Step, sayStep } from '../managed/plan/steps.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import { quoteCommand } from '../report/quote.ts';
import { mark, type OutputStyle, outputStyleOf, type Status } from './answer.ts';

/** One line of what a subcommand tells. */
export function line(status: Status, says: string, look: OutputStyle): string {
  return `${mark(status, look)} ${escapeControls(says, 600)}\n`;
}

/** A plan as it is shown before anything is done. */
export function tellPlan(plan: Plan, look: OutputStyle, diff: boolean): string {
  if (plan.steps.every(({ kind }) => kind === 'ready'))
    return line('ok', 'everything is as it should be', look);
  return plan.steps
    .map((step) => `  ${escapeControls(sayStep(step), 600)}\n${diff ? tellDiff(step) : ''}`)
    .join('');
}

/** What changes in a file. Of a secret one only which names it sets. */
function tellDiff(step: Step): string {
  if (step.kind !== 'file') return '';
  const [before, after] = [step.before?.toString('utf8') ?? '', step.content.toString('utf8')];
  const lines = step.secret
    ? [`  (not shown; it sets: ${namesIn(after).join(', ') || 'nothing by name'})`]
    : lineDiff(before, after, /\.(ya?ml|json)$/.test(step.path));
  return lines.map((text) => `      ${escapeControls(text, 400)}\n`).join('');
}

/** A plan as `--json` has it. */
type PlanJson = {
  readonly identity: string;
  readonly steps: readonly { readonly kind: string; readonly says: string; readonly loses: boolean }[];
  readonly notes: readonly string[];
};

/** The same for a program. No text of a file is in it. */
export function planJson(plan: Plan): PlanJson {
  return {
    identity: plan.identity,
    steps: plan.steps.map((step) => ({ kind: step.kind, says: sayStep(step), loses: losesSomething(step) })),
    notes: plan.notes,
  };
}

/** Warnings about the file, on stderr: they are not part of any answer. */
export function tellWarnings({ read, wanted }: Ground): void {
  const look = outputStyleOf(process.stderr.isTTY === true, process.env);
  for (const { line: at, says } of warningsOf(read, wanted))
    process.stderr.write(line('warning', `${read.file}, line ${at}: ${says}`, look));
}

/**
 * Asks before something is lost.
 * @throws {Failure} 125 where nobody can be asked, or the answer is no
 */
export async function askBeforeLoss(ground: Ground, plan: Plan, sure: boolean): Promise<void> {
  const losses = plan.steps.filter(losesSomething);
  if (sure || losses.length === 0) return;
  const command = `hermes-shim ${quoteCommand(process.argv.slice(3))} --yes`;
  const told = losses.map(sayStep).join('; and ');
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true)
    throw new Failure(
      exitCodes.cannotRoute,
      `this would ${escapeControls(told, 600)}. Without a terminal nobody can be asked`,
      [
        { label: 'if it is right', text: command },
        { label: 'look first', text: commandFor(ground, 'up --dry-run --diff') },
      ],
    );
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await answerTo(asking, `This will ${escapeControls(told, 600)}.\nGo on? [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    asking.close();
  }
  throw new Failure(exitCodes.cannotRoute, 'nothing was changed', [{ label: 'do it', text: command }]);
}

/** What is answered. Ctrl-C and Ctrl-D are no: of them node rejects, or (20.17) says nothing more than that it closed. */
async function answerTo(asking: Interface, question: string): Promise<string> {
  const closed = new Promise<undefined>((resolve) => asking.once('close', () => resolve(undefined)));
  const answered = asking.question(question).catch((thrown: unknown) => {
    if (thrown instanceof Error && thrown.name === 'AbortError') return undefined;
    throw thrown;
  });
  const answer = await Promise.race([answered, closed]);
  if (answer === undefined) process.stderr.write('\n');
  return answer ?? '';
}
