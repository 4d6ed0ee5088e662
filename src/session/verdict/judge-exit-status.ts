import type { Container } from '../../engine/container.ts';
import type { ProbeResult } from '../../engine/probe-result.ts';
import type { NoteFinding } from './note.ts';

/** What has become of the container that a session was started in, by a probe of its name after the end. */
export type Whereabouts =
  | 'same'
  | 'restarted'
  | 'paused'
  | 'stopped'
  /** no such container, or another one of the same name */
  | 'gone'
  | 'engine-down'
  | 'unknown';

/**
 * Compares a probe from after the end with the container as it was before.
 * @param begunMs when the session was to begin: what started before that is as it was then, also where what is known of
 * the container is older than its last start
 */
export function whereaboutsOf(now: ProbeResult, before: Container, begunMs: number): Whereabouts {
  if (now.kind === 'absent') return 'gone';
  if (now.kind === 'daemon-down') return 'engine-down';
  if (now.kind !== 'found') return 'unknown';
  const { id, state } = now.container;
  if (id !== before.id) return 'gone';
  if (state.status === 'paused') return 'paused';
  if (state.status !== 'running') return 'stopped';
  const { startedMs } = state;
  if (startedMs === before.state.startedMs) return 'same';
  return startedMs !== undefined && startedMs <= begunMs ? 'same' : 'restarted';
}

/** What an ambiguous exit code really meant. */
export type Verdict =
  /** hermes's own, whatever it is */
  | 'own'
  /** hermes was not started, since something in the container is missing: ask what */
  | 'not-started'
  | 'binary-missing'
  | 'binary-not-executable'
  /** hermes was not started, since the container does not run */
  | 'not-running'
  /** the session had begun and went down with its container */
  | 'lost'
  | 'fate-unknown';

const isAbsent = (note: NoteFinding): boolean => note === 'none' || note === 'never';

/** How a session ends whose container is stopped (KILL, after TERM). */
const byStop = [137, 143];

/**
 * Is the note worth an exec? Not where it would tell nothing: 1, by which hermes itself often ends, in a container
 * that is as it was, is hermes's; and 137 and 143 in one that is not were the stop's.
 */
export function needsNote(code: number, whereabouts: Whereabouts, bySudo: boolean): boolean {
  switch (whereabouts) {
    case 'same':
      return code !== 1 || bySudo;
    case 'restarted':
    case 'paused':
    case 'stopped':
      return !byStop.includes(code);
    case 'gone':
    case 'engine-down':
    case 'unknown':
      return false;
  }
}

/**
 * Judges by the container's whereabouts and the exec wrapper's note. The exec wrapper writes its note before anything else, so
 * without a note hermes did not start; `started` says that it did or was about to. Where nothing can tell any more,
 * the verdict says so: podman's client ends with 125 both when the container is not there and when it is removed
 * under a session (measured).
 */
export function judgeExitStatus(facts: {
  code: number;
  whereabouts: Whereabouts;
  note: NoteFinding;
}): Verdict {
  const { code, whereabouts, note } = facts;
  if (whereabouts === 'unknown') return 'own';
  if (whereabouts === 'engine-down') return 'fate-unknown';
  if (byStop.includes(code)) return whereabouts === 'same' || whereabouts === 'paused' ? 'own' : 'lost';
  if (note === 'missing') return 'binary-missing';
  if (note === 'forbidden' || note === 'failed') return 'binary-not-executable';
  switch (whereabouts) {
    case 'same':
      return isAbsent(note) ? 'not-started' : 'own';
    case 'paused':
      return isAbsent(note) ? 'not-running' : 'own';
    case 'stopped':
      if (isAbsent(note)) return 'not-running';
      return note === 'started' ? 'lost' : 'fate-unknown';
    case 'restarted':
      return note === 'started' ? 'lost' : 'fate-unknown';
    case 'gone':
      return 'fate-unknown';
  }
}
