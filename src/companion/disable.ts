import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import { hintWord } from '../report/paste.ts';
import type { Caller } from '../route/caller.ts';
import { ownPinFile } from '../route/own-pin.ts';
import { type Answer, mark } from './answer.ts';
import { inquire } from './inquiry.ts';
import { type Inside, removeMetadata } from './metadata-file.ts';
import { findOwnHome, type OwnHome, refuseForeign } from './own-home.ts';
import { ownPinState, removeOwnPin } from './own-pin-file.ts';
import { findDestination } from './sessions.ts';

/** Removes the metadata that `enable` wrote, and nothing else. */
export async function disable(caller: Caller): Promise<Answer> {
  const named = caller.env.HERMES_HOME || ownPinFile(caller.env) === undefined;
  const pin = named ? undefined : ownPinState(caller);
  if (pin?.author) {
    refuseForeign(pin, []);
    removeOwnPin(pin.file);
    return said(`removed ${pin.file}; hermes runs where it ran before enable`, {
      removed: true,
      file: pin.file,
    });
  }
  const own = findOwnHome(caller);
  if (own === undefined || own.author === undefined) {
    const where = own ? `no ${own.file}` : 'no hermes home';
    return said(`there is nothing to remove: ${where}`, { removed: false, file: own?.file ?? null });
  }
  refuseForeign(own, [
    {
      label: 'change it there',
      text: 'services.hermes-agent.container.enable = false; sudo nixos-rebuild switch',
    },
    { label: 'or for once', text: 'HERMES_DEV=1 hermes …' },
  ]);
  await removeMetadata(own.home, caller, () => wayInside(caller, own));
  return said(`removed ${own.file}; hermes runs on this host again`, { removed: true, file: own.file });
}

function said(says: string, json: unknown): Answer {
  return { code: 0, json, text: (style) => `${mark('ok', style)} ${escapeControls(says, 500)}\n` };
}

/** The home belongs to the container's uid: through the container, which has to run for that. */
async function wayInside(caller: Caller, { file }: OwnHome): Promise<Inside> {
  try {
    const { via, container, containerHome = '/', user } = (await findDestination(caller)).reached;
    const candidate = { via, container, containerHome, why: undefined, volume: undefined };
    const { owner = user } = await inquire(candidate, caller);
    return { via, containerId: container.id, owner, containerHome };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const shown = escapeControls(file);
    throw new Failure(
      exitCodes.cannotRoute,
      `${shown} belongs to the container, which is not there to remove it: ${thrown.sentence}`,
      [{ label: 'remove it', text: `sudo rm ${hintWord(file)}` }],
    );
  }
}
