import type { ProbeFact } from '../report/fact.ts';
import type { Silence } from '../system/patience.ts';
import type { Api } from './access.ts';
import type { Container } from './container.ts';

/** Why sudo or doas would not run the engine. */
export type Refusal =
  | 'password'
  | 'no-rule'
  /** sudoers' `requiretty` */
  | 'no-terminal'
  | 'no-new-privileges'
  | 'not-setuid'
  | 'other';

/** What a probe found out, and by which API. `detail` is the engine's or sudo's own words, not yet escaped. */
export type ProbeResult =
  | { readonly kind: 'found'; readonly container: Container; readonly api?: Api }
  | { readonly kind: 'absent'; readonly api?: Api }
  | { readonly kind: 'daemon-down'; readonly detail: string }
  | { readonly kind: 'forbidden'; readonly detail: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly detail: string }
  | ({ readonly kind: 'silent' } & Silence)
  | { readonly kind: 'not-startable'; readonly detail: string }
  | { readonly kind: 'nonsense'; readonly detail: string };

/** Is it the container that was asked for? By its full name alone, since engines also take beginnings of ids. */
export function foundByName(container: Container, containerName: string, api?: Api): ProbeResult {
  const by = api && { api };
  return container.name === containerName ? { kind: 'found', container, ...by } : { kind: 'absent', ...by };
}

/** A probe's answer, with what counts later. */
export function probeFact(command: string, result: ProbeResult): ProbeFact {
  if (result.kind !== 'found') {
    const answer = 'detail' in result ? `${result.kind} (${result.detail})` : result.kind;
    return { about: 'probe', command, answer, runningSinceMs: undefined, id: undefined };
  }
  const { id, state } = result.container;
  const runningSinceMs = state.status === 'running' ? state.startedMs : undefined;
  return { about: 'probe', command, answer: state.word, runningSinceMs, id: id.slice(0, 12) };
}
