import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { shellText } from './scripts/shell.ts';
import { ClosingLine } from './test/closing-line.ts';
import { LongestFirst } from './test/longest-first.ts';

export default defineConfig({
  plugins: [shellText()],
  test: {
    reporters: ['default', new ClosingLine()],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/unit/scratch.ts'],
          // For what hangs; a busy machine is no failure.
          testTimeout: 900_000,
          hookTimeout: 900_000,
          // One process runs many files: starting one for each took three quarters of the processor time.
          isolate: false,
          // Some wait for times and processes; vitest's own number is one on a machine of two processors.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          unstubEnvs: true,
          unstubGlobals: true,
          restoreMocks: true,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/harness/global-setup.ts'],
          // One more than the processors of a small machine: tests wait for engines, and another can use the time.
          maxWorkers: 3,
          // Projects with different numbers of workers cannot run at once; what takes a second comes first.
          sequence: { groupOrder: 1 },
          // What a test waits for has bounds of its own, by the machine's speed (see within).
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
