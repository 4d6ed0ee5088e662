import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { removeArgs, tell, tryTo } from '../engine/deeds.ts';
import { askEngine, labels } from '../engine/facts.ts';
import type { Ground } from './ground.ts';
import { told } from './place.ts';

/**
 * Creates the container. A run that was killed meanwhile leaves a note: docker's daemon goes on without its client and
 * may have made it since; podman leaves a container in its storage that it does not know itself, and that keeps the name
 * (4.3; `rm -f` removes such a one).
 */
export async function createContainer(
  step: { readonly argv: readonly string[]; readonly identity: string },
  ground: Ground,
): Promise<void> {
  const { doer, wanted, place, caller } = ground;
  const note = `${place}/creating`;
  if (existsSync(note)) {
    const names = { container: wanted.containerName, image: wanted.image };
    const { container } = await askEngine(doer.via, names, caller.env);
    if (container?.labels[labels.identity] === step.identity) return rmSync(note);
    if (container === undefined && doer.via.engine === 'podman')
      await tryTo(doer, removeArgs(doer.via, wanted.containerName));
  }
  told(note, () => writeFileSync(note, wanted.containerName, { mode: 0o600 }));
  await tell(doer, 'create the container', step.argv);
  rmSync(note, { force: true });
}
