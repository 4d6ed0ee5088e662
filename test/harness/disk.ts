/** What an engine wrote down of an exec, found by looking into its files as root. */
import { existsSync, readdirSync, readFileSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ManagedContainer } from './managed-container.ts';
import { engines } from './modes.ts';

/** The directories in which an engine keeps what it knows of a container, database included. */
async function engineDirectories(container: ManagedContainer): Promise<readonly string[]> {
  const facts = (await container.inspect()) as unknown as Record<string, string | undefined>;
  // podman: <graph root>/<driver>-containers/<id>/userdata, and the database in <graph root>/libpod
  const { StaticDir: kept, ConmonPidFile: running, ResolvConfPath: docker } = facts;
  if (container.engine === 'docker')
    return [dirname(docker ?? ''), join(engines.dir, 'docker/exec'), '/run/containerd'];
  return [kept ?? '', join(dirname(dirname(dirname(kept ?? ''))), 'libpod'), dirname(running ?? '')];
}

const contents = (file: string): string => {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
};

/** The files of a container's engine that hold this text. */
export async function filesOfEngineWith(
  container: ManagedContainer,
  text: string,
): Promise<readonly string[]> {
  return (await engineDirectories(container)).flatMap((directory) => {
    const entries = (() => {
      try {
        return readdirSync(directory, { recursive: true, withFileTypes: true });
      } catch {
        return [];
      }
    })();
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => contents(file).includes(text));
  });
}

/** Reads what docker's runc leaves in the daemon's TMPDIR for a moment, for as long as it is there. */
export function watchRunc(): { readonly seen: () => string; readonly [Symbol.dispose]: () => void } {
  let seen = '';
  const places = ['/tmp', join(engines.dir, 'docker')].filter((place) => existsSync(place));
  const watchers = places.map((place) =>
    watch(place, (_event, name) => {
      if (name?.startsWith('runc-process')) seen += contents(join(place, name));
    }),
  );
  return { seen: () => seen, [Symbol.dispose]: () => watchers.forEach((one) => void one.close()) };
}
