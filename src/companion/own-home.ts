import { keeperCommand } from '../engine/keeper.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure, type Hint } from '../report/failure.ts';
import { hintWord } from '../report/paste.ts';
import { type Author, authorOf } from '../route/author.ts';
import type { Caller } from '../route/caller.ts';
import { findHome, type Home, openHome } from '../route/home.ts';
import { type Pin, readPin } from '../route/pin.ts';
import { pinnedBy } from '../route/pinned.ts';
import { metadataName, readMetadataFile } from '../route/read.ts';

/** The home whose metadata is to be written or removed, opened; of a profile its root. */
export type OwnHome = {
  readonly home: Home;
  /** who wrote the metadata that is there; `undefined`: there is none */
  readonly author: Author | undefined;
  /** that metadata as it stands */
  readonly text: string | undefined;
  readonly file: string;
};

/**
 * Finds the caller's home as a call of hermes would.
 * @returns `undefined` when there is no such directory
 * @throws {Failure} 125 when it, or the metadata in it, cannot be read, or when a pin speaks for it
 */
export function findOwnHome(caller: Caller): OwnHome | undefined {
  const pin = readPin();
  const found = findHome(caller.env, caller.uid);
  const home = found && (found.at.profile === undefined ? found.home : openHome(found.at.root));
  // without a home of its own a call goes where the pin says
  if (pin && found === undefined) throw pinned(pin);
  if (home === undefined) return undefined;
  if (pin && found && pinnedBy(pin, found.at.path)) throw pinned(pin);
  const file = readMetadataFile(home);
  return {
    home,
    author: file && authorOf(file.text),
    text: file?.text,
    file: `${home.path}/${metadataName}`,
  };
}

function pinned(pin: Pin): Failure {
  const sentence = `${pin.file} speaks for ${escapeControls(pin.home)}: metadata in the home does not count`;
  if (keeperCommand(pin.file))
    return new Failure(exitCodes.cannotRoute, sentence, [
      { label: 'change it', text: 'sudo hermes-shim up   # after editing /etc/hermes-shim/hermes-shim.yaml' },
    ]);
  return new Failure(exitCodes.cannotRoute, sentence, [
    {
      label: 'change it on NixOS',
      text: 'programs.hermes-shim in configuration.nix; sudo nixos-rebuild switch',
    },
  ]);
}

/**
 * Whoever else wrote the metadata keeps it.
 * @param onNixos what to do where the NixOS module did
 * @throws {Failure} 125
 */
export function refuseForeign(
  { author, file }: Pick<OwnHome, 'author' | 'file'>,
  onNixos: readonly Hint[],
): void {
  const shown = escapeControls(file);
  if (author === 'nixos') {
    const sentence = `${shown} was written by the NixOS module, which would write it again`;
    throw new Failure(exitCodes.cannotRoute, sentence, onNixos);
  }
  if (author === 'up') {
    const command = keeperCommand(file) ?? 'hermes-shim';
    throw new Failure(exitCodes.cannotRoute, `${shown} was written by hermes-shim up, which keeps it`, [
      {
        label: 'change it',
        text: `edit ${command === 'hermes-shim' ? '' : '/etc/hermes-shim/'}hermes-shim.yaml, then: ${command} up`,
      },
      { label: 'stop it', text: `${command} down` },
      { label: 'for once', text: 'HERMES_DEV=1 hermes …   # runs on this host' },
    ]);
  }
  if (author === 'somebody') {
    throw new Failure(exitCodes.cannotRoute, `${shown} was not written by hermes-shim enable`, [
      { label: 'look', text: `cat -v ${hintWord(file)}` },
      { label: 'put it aside', text: `mv ${hintWord(file)} ${hintWord(`${file}.old`)}` },
    ]);
  }
}
