/** hermes-shim called by a test, and what it prints made the same on every machine and in every run. */
import { execPath } from 'node:process';
import type { Ended, Running } from './call.ts';
import { hostProcesses, idOf, isAlive, until } from './host.ts';
import type { HermesOptions, ManagedContainer } from './managed-container.ts';
import { engines } from './modes.ts';

/** Calls hermes-shim as the container's caller. */
export function companion(
  container: ManagedContainer,
  args: readonly string[],
  options: HermesOptions = {},
): Promise<Ended> {
  return container.hermes(args, { ...options, name: 'hermes-shim' });
}

/** The same with --json, parsed. */
export async function companionJson<T = Record<string, never>>(
  container: ManagedContainer,
  args: readonly string[],
  options: HermesOptions = {},
): Promise<T> {
  const ended = await companion(container, [...args, '--json'], options);
  try {
    return JSON.parse(ended.stdout) as T;
  } catch {
    throw new Error(`no JSON from hermes-shim ${args.join(' ')}: ${ended.stdout}${ended.stderr}`);
  }
}

/** Puts names in place of what differs from run to run: paths, ids, times, versions. */
export function steady(text: string, container: ManagedContainer): string {
  const parts = [container.packageDir, container.home, container.root, engines.dir, container.name];
  const words = ['PACKAGE', 'HOME', 'ROOT', 'BED', 'NAME'];
  const named = parts.reduce((all, part, index) => all.replaceAll(part, words[index] ?? ''), text);
  return named
    .replaceAll(container.id, 'ID')
    .replaceAll(container.id.slice(0, 12), 'ID')
    .replaceAll(execPath, 'NODE')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/started \w+ ago/g, 'started a while ago')
    .replace(/(docker|podman) is \/\S+ \([^)\n]*\)/g, '$1 is /BIN/$1 (VERSION)')
    .replace(/(docker|podman) is \/\S+/g, '$1 is /BIN/$1')
    .replace(/\d+-\d+-[0-9a-z]+-[0-9a-z]+/g, 'SESSION');
}

/** A session whose shim was killed together with its watchdog: nobody is left to end it. */
export async function makeOrphan(container: ManagedContainer, args: readonly string[]): Promise<Running> {
  const session = await container.session(args);
  await session.waitFor('ready');
  const watchdog = await until(
    () => hostProcesses().find(({ ppid, argv }) => ppid === session.pid && argv.includes('hermes-watchdog')),
    {
      what: 'the watchdog',
    },
  );
  const shim = idOf(session.pid);
  process.kill(watchdog.pid, 'SIGKILL');
  await until(() => !isAlive(watchdog), { what: 'the end of the watchdog' });
  session.kill('SIGKILL');
  await until(() => !isAlive(shim), { what: 'the end of the shim' });
  return session;
}
