import ignoring from './ignore-signals.sh';

/** Puts words around a command so that it starts with these signals ignored. */
export function withIgnored(argv: readonly string[], ignored: readonly NodeJS.Signals[]): readonly string[] {
  if (ignored.length === 0) return argv;
  const names = ignored.map((signal) => signal.slice(3)).join(' ');
  return ['/bin/sh', '-c', ignoring, 'sh', names, ...argv];
}
