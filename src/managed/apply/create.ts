import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { removeArgs, runEngine, tryEngine } from '../engine/commands.ts';
import { askEngine, labels } from '../engine/facts.ts';
import type { Context } from './context.ts';
import { withFileFailure } from './place.ts';

/**
 * Creates the container. A run that was killed meanwhile leaves a note: docker's daemon goes on without its client and
 * may have made it since; podman leaves a container in its storage that it does not know itself, and that keeps the name
 * (4.3; `rm -f` removes such a one).
 */
export async function createContainer(
  step: { readonly argv: readonly string[]; readonly identity: string },
  context: Context,
): Promise<void> {
  const { target, wanted, place, caller } = context;
  const note = `${place}/creating`;
  if (existsSync(note)) {
    const names = { container: wanted.containerName, image: wanted.image };
    const { container } = await askEngine(target.via, names, caller.env);
    if (container?.labels[labels.identity] === step.identity) return rmSync(note);
    if (container === undefined && target.via.engine === 'podman')
      await tryEngine(target, removeArgs(target.via, wanted.containerName));
  }
  withFileFailure(note, () => writeFileSync(note, wanted.containerName, { mode: 0o600 }));
  await runEngine(target, 'create the container', step.argv);
  rmSync(note, { force: true });
}
