import { asFailure, type Failure } from '../report/failure.ts';
import { listen, type Topic } from '../report/trace.ts';

/** One decision of the hot path, in its own words. */
export type Decision = { readonly about: Topic; readonly fact: string };

/** What came of something that was listened to. */
export type CapturedTrace<T> = { readonly decisions: readonly Decision[] } & (
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly failure: Failure }
);

/** Runs a part of the hot path and writes down each decision that it makes on the way, up to its end or its failure. */
export async function captureTrace<T>(part: () => Promise<T>): Promise<CapturedTrace<T>> {
  const decisions: Decision[] = [];
  listen((about, fact) => about && decisions.push({ about, fact }));
  try {
    return { kind: 'done', value: await part(), decisions };
  } catch (thrown) {
    return { kind: 'failed', failure: asFailure(thrown), decisions };
  } finally {
    listen(undefined);
  }
}
