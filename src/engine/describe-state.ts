import { escapeControls } from '../report/escape.ts';
import type { State } from './container.ts';

/** Where a container stands, in words; `nowMs` in milliseconds since the epoch. */
export function describeState(state: State, nowMs: number): string {
  switch (state.status) {
    case 'created':
      return 'created, but never started';
    case 'restarting':
      return `restarting over and over, last exit code ${state.exitCode}`;
    case 'exited': {
      const since = state.finishedMs === undefined ? '' : `, ${ago(nowMs - state.finishedMs)}`;
      return `exited with code ${state.exitCode}${since}`;
    }
    case 'running':
    case 'paused':
    case 'other':
      return escapeControls(state.word, 40) || 'in an unknown state';
  }
}

/** A span in words a person uses; `ms` in milliseconds. */
function ago(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1000],
  ] as const;
  for (const [unit, length] of units) {
    const count = Math.floor(ms / length);
    if (count >= 1) return `${count} ${unit}${count > 1 ? 's' : ''} ago`;
  }
  return 'just now';
}
