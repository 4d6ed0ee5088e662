/** A container in the place of the managed one: same name, same home, but with a first process of the test's own. */
import { labelOf } from '../../scripts/engines/modes.ts';
import type { ManagedContainer } from './container.ts';
import { engines } from './modes.ts';

export interface LookalikeOptions {
  /** Its first process: sh code. */
  script: string;
  engineArgs?: readonly string[];
  env?: Record<string, string>;
}

/** The arguments that create it. Whoever creates it removes it. */
export function lookalikeArgs(container: ManagedContainer, options: LookalikeOptions): string[] {
  const { script, engineArgs = [], env = {} } = options;
  return [
    ['create', '--name', container.name, '--network=host', '--label', labelOf(engines.run)],
    Object.entries({ ...container.env, ...env }).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
    container.mounts.flatMap(({ source, destination }) => ['-v', `${source}:${destination}`]),
    [...engineArgs, engines.images.dash, '/bin/sh', '-c', script],
  ].flat();
}

/** Puts it in the managed container's place and starts it; `remove` of the container does not know it, its disposal here does. */
export async function lookalike(
  container: ManagedContainer,
  options: LookalikeOptions,
): Promise<AsyncDisposable> {
  await container.remove();
  const id = await container.engineCli(lookalikeArgs(container, options));
  const dispose = async () => void (await container.ask(['rm', '-f', id]));
  try {
    await container.engineCli(['start', id]);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { [Symbol.asyncDispose]: dispose };
}
