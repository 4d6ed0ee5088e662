import { upMarker } from '../engine/keeper.ts';
import type { Engine, Service } from '../route/metadata.ts';
import type { HomeVolume } from '../route/own-pin.ts';

/** The first line of what `enable` writes: by it `disable` knows its own. */
export const marker = '# Written by hermes-shim enable; hermes-shim disable removes it.';

const nixosMarkers = ['# Written by NixOS activation script', '# Written by programs.hermes-shim'];

/** Who wrote metadata: the NixOS module, `up`, `enable`, or somebody by hand. */
export type Author = 'nixos' | 'up' | 'enable' | 'somebody';

/** Tells by the comments. A container can write what it likes there: this only decides what may be replaced. */
export function authorOf(text: string): Author {
  const lines = text.split('\n').map((line) => line.trim());
  if (lines.some((line) => nixosMarkers.some((own) => line.startsWith(own)))) return 'nixos';
  if (lines.some((line) => line.startsWith(upMarker))) return 'up';
  return lines.includes(marker) ? 'enable' : 'somebody';
}

/** The text of the metadata. */
export function metadataText(of: {
  engine: Engine;
  containerName: string;
  user: string;
  bin: string;
  service?: Service | undefined;
  /** only in a user's own pin */
  volume?: HomeVolume | undefined;
}): string {
  const lines = [
    marker,
    `backend=${of.engine}`,
    `container_name=${of.containerName}`,
    `exec_user=${of.user}`,
    `hermes_bin=${of.bin}`,
    ...(of.volume ? [`hermes_home=${of.volume.home}`, `volume=${of.volume.name}`] : []),
    ...(of.service ? [`compose_project=${of.service.project}`, `compose_service=${of.service.name}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
