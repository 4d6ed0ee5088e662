import { describeState } from '../engine/describe-state.ts';
import { commandFor, findGround } from '../managed/apply/ground.ts';
import { planNow } from '../managed/apply/reconcile.ts';
import { sayStep } from '../managed/plan/steps.ts';
import type { Caller } from '../route/caller.ts';
import type { Answer } from './answer.ts';
import { line, planJson, tellWarnings } from './managed-plan.ts';
import { layTable } from './table.ts';

/** What is declared, what is, and what `up` would do about the difference. Code 1 where there is one. */
export async function status(caller: Caller, { file }: { file: string | undefined }): Promise<Answer> {
  const ground = await findGround(caller, file);
  tellWarnings(ground);
  const { plan, facts } = await planNow(ground);
  const { wanted, via } = ground;
  const made = facts.engine.container?.container;
  const state = made ? describeState(made.state, Date.now()) : 'does not exist';
  const differs = plan.steps.filter(({ kind }) => kind !== 'ready');
  const code = differs.length === 0 && made?.state.status === 'running' ? 0 : 1;
  const rows: readonly (readonly [string, string])[] = [
    ['file', wanted.file],
    ['state', wanted.stateDir],
    ['hermes', wanted.package ?? wanted.image],
    ['container', `${wanted.containerName} (${via.engine}): ${state}`],
    [
      'at boot',
      facts.byUnit
        ? 'by a systemd unit of hermes-shim'
        : `as the engine does (${commandFor(ground, 'up --install')})`,
    ],
  ];
  return {
    code,
    json: {
      file: wanted.file,
      stateDir: wanted.stateDir,
      kind: wanted.kind,
      backend: via.engine,
      image: wanted.image,
      container: {
        name: wanted.containerName,
        id: made?.id ?? null,
        status: made?.state.status ?? null,
        identity: facts.engine.container?.labels['hermes-shim.identity'] ?? null,
      },
      installed: facts.byUnit,
      declared: planJson({ ...plan, steps: differs }),
    },
    text: (look) =>
      [
        layTable(rows),
        '\n',
        differs.length === 0
          ? line('ok', 'nothing differs from what is declared', look)
          : `Differs; ${commandFor(ground, 'up')} would:\n${differs.map((step) => `  ${sayStep(step)}\n`).join('')}`,
        ...plan.notes.map((note) => line('warning', note, look)),
      ].join(''),
  };
}
