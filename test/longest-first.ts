import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files whose tests take longest, though some are short to read. One that began last would leave a worker idle. */
const longest = [
  'endings-random',
  'endings-random-hard',
  'endings-stuck',
  'differential',
  'endings',
  'harness',
  'endings-hangup',
  'secrets',
  'companion-sessions',
  'companion-enable',
  'at-most-once',
  'endings-full',
  'exec-wrapper',
  'deciding',
  'callers',
  'companion-explain',
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
