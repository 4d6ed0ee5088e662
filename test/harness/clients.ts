/** The processes that a shim starts on this host. */
import { processesBelow } from '../../scripts/engines/processes.ts';

/** The engine's clients below some shims; sudo may stand in between, twice where it has a terminal of its own. */
export function clientsBelow(shims: readonly number[]): number[] {
  const isClient = (argv: readonly string[]) => /(docker|podman)$/.test(argv[0] ?? '') && argv[1] === 'exec';
  return processesBelow(shims)
    .filter(({ argv }) => isClient(argv))
    .map(({ pid }) => pid);
}
