import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files whose tests take longest, though some are short to read. One that began last would leave a worker idle. */
const longest = [
  'endings-hangup',
  'at-most-once',
  'managed-crash',
  'known',
  'endings-random',
  'endings',
  'endings-random-hard',
  'compose',
  'endings-shell',
  'differential',
  'harness',
  'endings-stuck',
  'managed-commands',
  'managed-persists',
  'official',
  'volumes',
  'endings-terminal',
  'transport',
  'exec-wrapper',
  'endings-odd',
  'terminal',
  'limits',
  'managed-boot',
  'wait-slow',
  'sudo',
  'attack',
  'companion-advice',
  'packaging',
  'precompiled',
  'binary',
  'binary-fast',
];

/** Runs the longest files first, then the others as vitest would. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.indexOf(basename(moduleId, '.test.ts'));
      return at < 0 ? longest.length : at;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}
