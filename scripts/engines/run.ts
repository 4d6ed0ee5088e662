/** One run of the test bed or the demo: what it makes is written down first, and somebody cleans up whatever happens. */
import { postGuard } from './guard.ts';
import { beginRecord, deadRecords, type RunRecord } from './record.ts';
import { tearDownRecord } from './teardown.ts';

export interface Run {
  record: RunRecord;
  /** Removes everything the record names, by this process. */
  tearDown(): Promise<void>;
  /** The same by the guard, which a terminal's Ctrl-C does not reach; resolves when all is gone. */
  sweep(): Promise<void>;
}

/** Removes what dead runs left behind, then begins a run of our own. */
export async function beginRun(say: (line: string) => void): Promise<Run> {
  // Users other than root must reach what the run makes, whatever the umask of whoever started it.
  process.umask(0o022);
  for (const dead of deadRecords()) {
    say(`removing what a run that died left behind: ${dead.dir}`);
    // What cannot be removed must not keep a new run from starting.
    await tearDownRecord(dead).catch((error: Error) => say(error.message));
  }
  const record = beginRecord();
  const guard = postGuard(record.dir);
  return {
    record,
    async tearDown() {
      await tearDownRecord(record);
      guard.dismiss();
    },
    sweep: () => guard.sweep(),
  };
}
