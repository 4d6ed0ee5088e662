import { type Fact, formatFact, type Topic } from '../report/fact.ts';
import { asFailure, type Failure } from '../report/failure.ts';
import { listen } from '../report/trace.ts';

/** One decision in words, as `explain` shows it. */
export type Decision = { readonly about: Topic; readonly fact: string };

/** What came of a part of the hot path, and what it decided on the way. */
export type CapturedTrace<T> = { readonly facts: readonly Fact[] } & (
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly failure: Failure }
);

/** Runs a part of the hot path and keeps each decision that it makes on the way, up to its end or its failure. */
export async function captureTrace<T>(part: () => Promise<T>): Promise<CapturedTrace<T>> {
  const facts: Fact[] = [];
  listen((fact) => void facts.push(fact));
  try {
    return { kind: 'done', value: await part(), facts };
  } catch (thrown) {
    return { kind: 'failed', failure: asFailure(thrown), facts };
  } finally {
    listen(undefined);
  }
}

/** The last fact about something. */
export function lastFact<T extends Fact['about']>(
  facts: readonly Fact[],
  about: T,
): Extract<Fact, { about: T }> | undefined {
  return facts.findLast((fact): fact is Extract<Fact, { about: T }> => fact.about === about);
}

/** The last fact about something, in words; empty where there is none. */
export function lastWords(facts: readonly Fact[], about: Fact['about']): string {
  const fact = lastFact(facts, about);
  return fact ? formatFact(fact) : '';
}

/** Facts in words. */
export function toDecisions(facts: readonly Fact[]): readonly Decision[] {
  return facts.map((fact) => ({ about: fact.about, fact: formatFact(fact) }));
}
