/**
 * A gate in front of a real engine: whoever calls it for one purpose stops there until the test lets them on. The engine
 * behind it is real: where a caller is led to its socket a proxy is the gate, else a command on PATH that becomes the real one.
 */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../../scripts/engines/command.ts';
import type { ManagedContainer } from './container.ts';
import { fakeEngine } from './fakes.ts';
import { until } from './host.ts';
import { socketModes } from './modes.ts';
import { type Asked, openProxy } from './proxy.ts';

/**
 * `probe`: the first look at the container, before it begins · `exec`: the session's exec, before it begins ·
 * `exec-end`: after it has ended, before the caller hears how.
 */
export type GatePoint = 'probe' | 'exec' | 'exec-end';

export interface Gate extends AsyncDisposable {
  /** For the caller: leads them to the gate. */
  env: Record<string, string>;
  /** Waits until somebody stands there. */
  reached(): Promise<void>;
  /** Lets them on. */
  open(): void;
  /** Closed again, nobody there. */
  reset(): void;
}

/** Builds a gate for the callers of one container. */
export async function buildGate(container: ManagedContainer, point: GatePoint): Promise<Gate> {
  return socketModes.includes(container.mode) ? socketGate(container, point) : commandGate(container, point);
}

/** Only the session's exec has the exec wrapper among its words. */
const isSession = ({ line, body }: Asked): boolean =>
  /^POST .*\/containers\/[^/]+\/exec$/.test(line) && body.includes('hermes-wrapper');

async function socketGate(container: ManagedContainer, point: GatePoint): Promise<Gate> {
  const proxy = await openProxy(container);
  const isItsEnd = ({ line }: Asked): boolean => {
    const id = /^GET .*\/exec\/(\w+)\/json$/.exec(line)?.[1];
    // podman's client also asks before the start
    const isStarted = proxy.asked.some(({ line }) => line.endsWith(`/exec/${id}/start`));
    return isStarted && proxy.asked.some((asked) => isSession(asked) && asked.answer.includes(id ?? ''));
  };
  const halt = {
    probe: () => proxy.hold({ request: /^GET .*\/containers\/[^/]+\/json/ }),
    exec: () => proxy.hold({ request: isSession }),
    'exec-end': () => proxy.hold({ request: isItsEnd, when: 'answered' }),
  }[point]();
  return { ...halt, env: proxy.env, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

/** podman through sudo is gated at sudo: its rule names the real podman. */
function commandGate(container: ManagedContainer, point: GatePoint): Gate {
  const dir = join(container.root, `gate-${point}`);
  mkdirSync(dir, { recursive: true });
  const command = container.mode === 'podman-sudo' ? 'sudo' : container.engine;
  const real = findCommand(command);
  if (real === null) throw new Error(`no ${command} on this machine`);
  const [reachedFile, openFile] = [join(dir, 'reached'), join(dir, 'open')];
  const stop = `: >'${reachedFile}'; while [ ! -e '${openFile}' ]; do sleep 0.01; done`;
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
    [Symbol.asyncDispose]: async () => {},
  };
}
