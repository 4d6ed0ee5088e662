import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { exitCodes, Failure } from '../../report/failure.ts';
import { quoteWord } from '../../report/quote.ts';
import { authorOf } from '../../route/author.ts';
import { pinFile } from '../../route/pin.ts';
import { metadataName } from '../../route/read.ts';
import { textOf } from '../../system/text-of.ts';
import type { Wanted } from '../file/wanted.ts';
import { survey } from './survey.ts';

/** So much must be free for state, in bytes; images are the engine's business. */
const leastFree = 64 * 1024 * 1024;

/**
 * Refuses where somebody else manages hermes.
 * @throws {Failure} 125
 */
export function refuse(wanted: Wanted): void {
  refuseNixos(wanted);
  const { stateDir } = wanted;
  for (let above = dirname(stateDir); above !== '/'; above = dirname(above))
    if (['state.db', metadataName, '.managed'].some((name) => existsSync(`${above}/${name}`)))
      throw new Failure(
        exitCodes.cannotRoute,
        `stateDir: ${stateDir} lies in ${above}, which is another hermes's home`,
        [{ label: 'another place', text: 'stateDir: /var/lib/hermes   # or leave it out' }],
      );
}

/** The failure where there is no room for what `up` writes; it is in the way of nothing else. */
export function lackOfRoom({ stateDir }: Wanted): Failure | undefined {
  let there = stateDir;
  while (!existsSync(there)) there = dirname(there);
  const { bavail, bsize } = statfsSync(there);
  if (bavail * bsize >= leastFree) return undefined;
  return new Failure(exitCodes.cannotRoute, `less than 64 MiB are free where ${stateDir} lies`, [
    { label: 'look', text: `df -h ${quoteWord(there)}` },
    { label: 'another place', text: 'stateDir: …   # in hermes-shim.yaml' },
  ]);
}

/** The module makes and keeps the container there; two of them would undo each other's work. */
function refuseNixos({ home, stateDir }: Wanted): void {
  const metadata = `${home}/${metadataName}`;
  const found = survey([metadata], stateDir).get(metadata);
  const texts = {
    [metadata]: found?.kind === 'file' ? found.content.toString('utf8') : '',
    [pinFile]: textOf(pinFile) ?? '',
  };
  const [written] = Object.entries(texts).find(([, text]) => authorOf(text) === 'nixos') ?? [];
  const unit = existsSync('/etc/NIXOS') && existsSync('/etc/systemd/system/hermes-agent.service');
  if (written === undefined && !unit) return;
  throw new Failure(
    exitCodes.cannotRoute,
    `NixOS manages hermes here (${written ?? '/etc/systemd/system/hermes-agent.service'}): its module makes the container, and would undo what this does`,
    [
      {
        label: 'change it there',
        text: 'services.hermes-agent in configuration.nix; sudo nixos-rebuild switch',
      },
      {
        label: 'or end that',
        text: 'services.hermes-agent.container.enable = false; sudo nixos-rebuild switch',
      },
    ],
  );
}
