/** The processes that a shim starts on this host. */
import { hostProcesses } from './host.ts';

/** The engine's clients below some shims; sudo may stand in between, twice where it has a terminal of its own. */
export function clientsBelow(shims: readonly number[]): number[] {
  const all = hostProcesses();
  const below = (pids: readonly number[]): typeof all => {
    const children = all.filter(({ ppid }) => pids.includes(ppid));
    return children.length === 0 ? [] : [...children, ...below(children.map(({ pid }) => pid))];
  };
  const isClient = (argv: readonly string[]) => /(docker|podman)$/.test(argv[0] ?? '') && argv[1] === 'exec';
  return below(shims)
    .filter(({ argv }) => isClient(argv))
    .map(({ pid }) => pid);
}
