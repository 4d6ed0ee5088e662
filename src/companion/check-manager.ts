import { headOf, keeperCommand } from '../engine/keeper.ts';
import { type Author, authorOf } from '../route/author.ts';
import type { ContainerRoute } from '../route/decide.ts';
import { type Check, well } from './check.ts';

/** Who makes and keeps the container, and by which commands. */
const words: Readonly<Record<Author, string>> = {
  nixos:
    'the NixOS module keeps it: configuration.nix, sudo nixos-rebuild switch, systemctl restart hermes-agent',
  up: 'hermes-shim up keeps it: hermes-shim status, logs, restart, update',
  enable: 'nobody keeps it for you: it was found by hermes-shim enable',
  somebody: 'nobody known keeps it: the metadata was written by hand',
};

/** Tells who keeps the container, by who wrote the metadata or the pin. */
export function checkManager({ file }: ContainerRoute): Check {
  const says = words[authorOf(headOf(file))];
  // a container of root's up is root's to restart
  const theirs = keeperCommand(file) === 'sudo hermes-shim';
  return well('manager', theirs ? says.replace(': hermes-shim', ': sudo hermes-shim') : says);
}
