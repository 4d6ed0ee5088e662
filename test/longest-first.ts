import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files whose tests take longest, though some are short to read. One that began last would leave a worker idle. */
const longest = [
  'at-most-once',
  'known',
  'endings',
  'managed-crash',
  'endings-random',
  'endings-hangup',
  'compose',
  'endings-random-hard',
  'endings-shell',
  'differential',
  'harness',
  'endings-stuck',
  'managed-persists',
  'official',
  'volumes',
  'endings-terminal',
  'transport',
  'exec-wrapper',
  'endings-odd',
  'terminal',
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
