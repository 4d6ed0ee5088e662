import type { UserConsoleLog } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';
import { faultPrefix } from './harness/fault.ts';

/**
 * Ends a run with one plain line, `N passed, N failed, N skipped`, which any CI can read. Where an engine failed on its
 * own account, a line before it says how often: a test that went on all the same is not as good as one that met none.
 */
export class ClosingLine implements Reporter {
  private faults = 0;

  onUserConsoleLog({ content }: UserConsoleLog): void {
    this.faults += content.split(faultPrefix).length - 1;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed' || state === 'skipped') count[state] += 1;
      }
      // a file that could not even be loaded has no tests to fail
      count.failed += module.errors().length;
    }
    process.on('exit', () => {
      if (this.faults > 0)
        console.log(`${this.faults} times an engine failed on its own account (see above)`);
      console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
    });
  }
}
