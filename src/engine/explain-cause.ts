import { exitCodes, Failure, runOnHost } from '../report/failure.ts';
import type { Cause } from './cause.ts';
import type { Circumstances } from './circumstances.ts';
import { explainContainer } from './explain-container.ts';
import { explainEngine } from './explain-engine.ts';
import type { Explanation } from './explanation.ts';

/**
 * The one table: cause → what is said → what to type next → exit code. docs/troubleshooting.md is made
 * from it (`scripts/causes.ts`).
 */
export function explainCause(cause: Cause, about: Circumstances): Failure {
  const { sentence, hints, exitCode = exitCodes.cannotRoute, afterwards } = explain(cause, about);
  const all = afterwards ? hints : [...hints, runOnHost];
  return new Failure(exitCode, `${sentence}${waited(about.waitedMs)}`, all);
}

function explain(cause: Cause, about: Circumstances): Explanation {
  switch (cause.kind) {
    case 'no-engine':
    case 'engine-not-executable':
    case 'shortage':
    case 'engine-silent':
    case 'engine-nonsense':
    case 'daemon-down':
    case 'socket-forbidden':
    case 'sudo-refused':
    case 'no-sudo':
    case 'remote-engine':
    case 'connection-lost':
      return explainEngine(cause, about);
    case 'absent':
    case 'not-running':
    case 'paused':
    case 'foreign':
    case 'user-missing':
    case 'binary-missing':
    case 'binary-not-executable':
    case 'check-failed':
    case 'session-lost':
    case 'fate-unknown':
      return explainContainer(cause, about);
  }
}

function waited(ms: number): string {
  if (ms <= 0) return '';
  return `; waited ${ms < 1000 ? Math.max(0.1, Math.round(ms / 100) / 10) : Math.round(ms / 1000)} s`;
}
