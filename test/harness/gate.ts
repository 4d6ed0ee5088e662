/**
 * A gate in front of a real engine: whoever calls it for one purpose stops there until the test lets them on. It is a
 * command on PATH that becomes the real one, so the engine behind it is real.
 */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../../scripts/engines/command.ts';
import type { ManagedContainer } from './container.ts';
import { fakeEngine } from './fakes.ts';
import { until } from './host.ts';

/**
 * `probe`: the first look at the container, before it begins · `exec`: the session's exec, before it begins ·
 * `exec-end`: after its client has ended, before its parent hears of it.
 */
export type GatePoint = 'probe' | 'exec' | 'exec-end';

export interface Gate {
  /** PATH for the caller, the gate in front. */
  env: { PATH: string };
  /** Waits until somebody stands there. */
  reached(): Promise<void>;
  /** Lets them on. */
  open(): void;
  /** Closed again, nobody there. */
  reset(): void;
}

/** Builds a gate for the callers of one container. podman through sudo is gated at sudo: its rule names the real podman. */
export function buildGate(container: ManagedContainer, point: GatePoint): Gate {
  const dir = join(container.root, `gate-${point}`);
  mkdirSync(dir, { recursive: true });
  const command = container.mode === 'podman-sudo' ? 'sudo' : container.engine;
  const real = findCommand(command);
  if (real === null) throw new Error(`no ${command} on this machine`);
  const [reachedFile, openFile] = [join(dir, 'reached'), join(dir, 'open')];
  const stop = `: >'${reachedFile}'; while [ ! -e '${openFile}' ]; do sleep 0.01; done`;
  // only the session's exec has the exec wrapper among its words
  const word = point === 'probe' ? 'inspect' : 'hermes-wrapper';
  const script = [
    `case "$*" in *${word}*) ;; *) exec '${real}' "$@" ;; esac`,
    point === 'exec-end' ? `'${real}' "$@"; code=$?; ${stop}; exit $code` : `${stop}; exec '${real}' "$@"`,
  ].join('\n');
  fakeEngine(join(dir, 'bin'), command, script);
  // the caller, whoever they are, leaves the mark
  chmodSync(dir, 0o777);
  return {
    env: { PATH: `${join(dir, 'bin')}:${container.identity().env.PATH}` },
    async reached() {
      await until(() => existsSync(reachedFile), { what: `a call at the gate (${point})` });
    },
    open: () => writeFileSync(openFile, ''),
    reset() {
      for (const file of [reachedFile, openFile]) rmSync(file, { force: true });
    },
  };
}
