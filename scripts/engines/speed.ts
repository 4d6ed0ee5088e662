/** How fast this machine is at this moment: by it the bounds of the tests are told, so that no slow machine fails them. */
import { attempt } from './command.ts';
import { type EngineFacts, type EngineMode, engineOf, labelOf } from './modes.ts';
import { askOwner, removal } from './owner.ts';

/** What a machine with nothing else to do takes, in milliseconds (medians of 2 cores): node that does nothing, an exec. */
const idleMs = { node: 35, docker: 90, podman: 185 };

/** What was measured, in milliseconds, and how many times slower than an idle machine that is at worst; 1 at least. */
export interface Speed {
  nodeMs: number;
  execMs: Partial<Record<EngineMode, number>>;
  slowness: number;
}

/** The owner's ways into each engine, the quickest first: one of them is measured. */
const waysOf: readonly (readonly EngineMode[])[] = [
  ['docker', 'docker-client'],
  ['podman-root', 'podman-rootless', 'podman-sudo', 'podman-socket'],
];

/** Measures it: `node -e 0`, and one exec by each engine that is there. Takes a second. */
export async function measureSpeed(facts: EngineFacts): Promise<Speed> {
  const nodeMs = await median(() => attempt([process.execPath, '-e', '0']));
  const execMs: Speed['execMs'] = {};
  for (const ways of waysOf) {
    const mode = ways.find((way) => facts.modes[way].available);
    if (mode === undefined) continue;
    const run = [
      'run',
      '-d',
      '--network=host',
      '--label',
      labelOf(facts.run),
      facts.images.dash,
      'sleep',
      '600',
    ];
    const id = (await askOwner(mode, facts, run)).stdout.trim();
    execMs[mode] = await median(() => askOwner(mode, facts, ['exec', id, 'true']));
    await askOwner(mode, facts, removal(mode, [id]));
  }
  const ratios = Object.entries(execMs).map(([mode, ms]) => ms / idleMs[engineOf(mode as EngineMode)]);
  return { nodeMs, execMs, slowness: Math.max(1, nodeMs / idleMs.node, ...ratios) };
}

/** Of five; each in milliseconds. */
async function median(work: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const begun = performance.now();
    await work();
    took.push(performance.now() - begun);
  }
  return took.sort((a, b) => a - b)[2] ?? 0;
}
