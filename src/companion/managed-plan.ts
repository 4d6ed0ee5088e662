import { basename, dirname, resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline/promises';
import type { Context } from '../managed/apply/context.ts';
import { commandOf } from '../managed/file/command.ts';
import { warningsOf } from '../managed/file/warnings.ts';
import { namesIn } from '../managed/merge/env-file.ts';
import { lineDiff } from '../managed/plan/diff.ts';
import { describeStep, losesSomething, type Plan, type Step } from '../managed/plan/steps.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure, type Hint } from '../report/failure.ts';
import { hintWord } from '../report/paste.ts';
import { mark, type OutputStyle, outputStyleOf, type Status } from './answer.ts';

/** One line of what a subcommand tells. */
export function line(status: Status, says: string, look: OutputStyle): string {
  return `${mark(status, look)} ${escapeControls(says, 600)}\n`;
}

/** A plan as it is shown before anything is done. */
export function formatPlan(plan: Plan, look: OutputStyle, diff: boolean): string {
  if (plan.steps.every(({ kind }) => kind === 'ready'))
    return line('ok', 'everything is as it should be', look);
  return plan.steps
    .map((step) => `  ${escapeControls(describeStep(step), 600)}\n${diff ? formatDiff(step) : ''}`)
    .join('');
}

/** What changes in a file. Of a secret one only which names it sets. */
function formatDiff(step: Step): string {
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
    steps: plan.steps.map((step) => ({
      kind: step.kind,
      says: describeStep(step),
      loses: losesSomething(step),
    })),
    notes: plan.notes,
  };
}

/** Warnings about the file, on stderr: they are not part of any answer. */
export function printWarnings({ read, wanted }: Context): void {
  const look = outputStyleOf(process.stderr.isTTY === true, process.env);
  for (const { line: at, says } of warningsOf(read, wanted))
    process.stderr.write(line('warning', `${read.file}, line ${at}: ${says}`, look));
}

/**
 * Asks before something is lost.
 * @param losses the steps that lose something
 * @param done what has been done already, and stays done whatever the answer is: a sentence
 * @throws {Failure} 125 where nobody can be asked, or the answer is no
 */
export async function askBeforeLoss(context: Context, losses: readonly Step[], done?: string): Promise<void> {
  const command = `${context.command} --yes`;
  const stays = done === undefined ? '' : `. ${escapeControls(done, 600)}`;
  const keep = context.wanted.asRoot ? [] : losses.flatMap(howToKeep);
  const told = losses.map(describeStep).join('; and ');
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true)
    throw new Failure(
      exitCodes.cannotRoute,
      `this would ${escapeControls(told, 600)}. Without a terminal nobody can be asked${stays}`,
      [
        { label: 'if it is right', text: command },
        ...keep,
        { label: 'look first', text: commandOf(context.wanted, 'up --dry-run --diff') },
      ],
    );
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await answerTo(asking, `This will ${escapeControls(told, 600)}.\nGo on? [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    asking.close();
  }
  throw new Failure(
    exitCodes.cannotRoute,
    `nothing ${done === undefined ? '' : 'else '}was changed${stays}`,
    [{ label: 'do it', text: command }, ...keep],
  );
}

/** What a person keeps behind a link of their own, and would keep using. Not for root, whose state the container can write. */
function howToKeep(step: Step): readonly Hint[] {
  if (step.kind === 'file' && step.link !== undefined) {
    const [from, to] = [resolve(dirname(step.path), step.link), step.path];
    const text = `cp ${hintWord(from)} ${hintWord(`${to}.new`)} && mv ${hintWord(`${to}.new`)} ${hintWord(to)}`;
    return [{ label: 'if what is there shall count, copy it first', text }];
  }
  if (step.kind === 'bridge' && step.from !== undefined) {
    const home = resolve(step.userHome, step.from);
    if (basename(home) === '.hermes')
      return [
        { label: 'to keep that home', text: `stateDir: ${hintWord(dirname(home))}   # in hermes-shim.yaml` },
      ];
  }
  return [];
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
