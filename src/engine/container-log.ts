import type { Environment } from '../system/environment.ts';
import type { EngineAccess } from './access.ts';
import { transportOf } from './transport/transport.ts';

/** How many log lines of a container that does not run are shown. */
const count = 3;

/** The container's last log lines, the oldest first, not yet escaped; none where the engine does not say. */
export async function lastLogLines(
  via: EngineAccess,
  containerId: string,
  env: Environment,
): Promise<readonly string[]> {
  const result = await transportOf(via, env).logs(containerId, count, { timeoutMs: 5000 });
  return result.kind === 'exited' && result.code === 0 ? inOrder(result.stdout, result.stderr) : [];
}

/**
 * Puts the lines of both streams in the order in which they were written, by the timestamps in front of them, and
 * takes those off: engines print a container's two streams on their own two.
 */
export function inOrder(stdout: string, stderr: string): readonly string[] {
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => {
    const [, time = '', text = line] = /^(\d{4}-\d\d-\d\dT\S+) ?(.*)$/s.exec(line) ?? [];
    return { time, text };
  });
  return lines
    .filter(({ text }) => text.trim() !== '')
    .sort((one, other) => (one.time < other.time ? -1 : Number(one.time > other.time)))
    .slice(-count)
    .map(({ text }) => text);
}
