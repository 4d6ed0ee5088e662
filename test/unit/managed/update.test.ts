import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { update } from '../../../src/companion/update.ts';
import type { Step } from '../../../src/managed/plan/steps.ts';
import { readRecord } from '../../../src/managed/write/record.ts';
import type { Caller } from '../../../src/route/caller.ts';

const world = vi.hoisted(() => ({
  place: '',
  kind: 'package' as 'package' | 'official',
  steps: [] as unknown[],
  startedMs: 0,
  /** what was done to the container */
  done: [] as string[],
  killed: false,
}));

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;

vi.mock('../../../src/companion/with-lock.ts', () => ({
  withLock: (_caller: unknown, _options: unknown, work: (context: unknown) => unknown) =>
    work({
      place: world.place,
      wanted: {
        kind: world.kind,
        stateDir: '/s',
        image: 'the/image',
        containerName: 'c',
        file: '/f',
        isUsual: true,
      },
      who: { uid, gid },
    }),
}));
vi.mock('../../../src/managed/apply/reconcile.ts', () => ({
  planNow: async () => ({
    plan: { steps: world.steps, notes: ['a note'], identity: 'x' },
    facts: {
      record: readRecord(world.place, '/s'),
      engine: { container: { container: { state: { startedMs: world.startedMs } } } },
    },
  }),
}));
vi.mock('../../../src/managed/engine/commands.ts', () => ({
  pull: async () => void world.done.push('pulled'),
}));
vi.mock('../../../src/companion/up.ts', () => ({
  reconcile: async () => {
    world.done.push('reconciled');
    if (world.killed) throw new Error('killed');
    return { code: 0, json: {}, text: () => 'everything is as it should be' };
  },
}));
vi.mock('../../../src/companion/find-kept.ts', () => ({ findKept: async () => undefined }));
vi.mock('../../../src/companion/restart.ts', () => ({
  restartKept: async () => {
    world.done.push('restarted');
    world.startedMs = Date.now();
  },
}));
vi.mock('../../../src/companion/managed-plan.ts', async (original) => ({
  ...(await original<object>()),
  printWarnings: () => undefined,
}));

const link: Step = { kind: 'link', path: '/s/current-package', target: '/opt/hermes-2' };
const lossy: Step = { kind: 'put-aside', older: 'none', why: 'the image is another one', running: true };
const run = (yes = false) => update({} as Caller, { file: undefined, json: false, yes });
const told = async () => (await run()).text({ symbols: false, colour: false });

beforeEach(() => {
  Object.assign(world, {
    kind: 'package',
    steps: [],
    startedMs: Date.now() - 60_000,
    done: [],
    killed: false,
  });
  world.place = mkdtempSync(join(tmpdir(), 'update-'));
});

it('an update that was killed before the restart is finished by the next one, which says so', async () => {
  Object.assign(world, { steps: [link], killed: true });
  await expect(run()).rejects.toThrow('killed');
  Object.assign(world, { steps: [], killed: false, done: [] });
  const text = await told();
  expect(world.done).toEqual(['reconciled', 'restarted']);
  expect(text).toContain("restarted container 'c'");
  expect(text).toContain('a note');
  expect(text).not.toContain('as it should be');
  world.done = [];
  expect(await told()).toContain('as it should be');
  expect(world.done).toEqual(['reconciled']);
  expect(readRecord(world.place, '/s').restartDue).toBeUndefined();
});

it('a gateway that was started anew meanwhile is not restarted once more', async () => {
  Object.assign(world, { steps: [link], killed: true });
  await expect(run()).rejects.toThrow('killed');
  Object.assign(world, { steps: [], killed: false, done: [], startedMs: Date.now() + 1 });
  await run();
  expect(world.done).toEqual(['reconciled']);
});

it('a container that is started anyway is not restarted after it', async () => {
  world.steps = [link, { kind: 'start' }];
  await run();
  expect(world.done).toEqual(['reconciled']);
});

it('an image that was pulled is told, where the question that follows is not answered by yes', async () => {
  Object.assign(world, { kind: 'official', steps: [lossy] });
  await expect(run()).rejects.toThrow(
    /Without a terminal nobody can be asked\. the\/image was pulled and stays: the next hermes-shim up would make the container anew with it/,
  );
  expect(world.done).toEqual(['pulled']);
  await run(true);
  expect(world.done).toEqual(['pulled', 'pulled', 'reconciled']);
});
