import type { Hint } from '../report/failure.ts';

/** One row of the table; outside text in it is escaped already. */
export type Explanation = {
  readonly sentence: string;
  readonly hints: readonly Hint[];
  readonly exitCode?: number;
  /** hermes has run: doing so on the host is no way out */
  readonly afterwards?: true;
};
