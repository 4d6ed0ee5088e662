import { upMarker } from '../engine/keeper.ts';
import { formatMetadata, type MetadataFacts } from '../route/format-metadata.ts';

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

/** The text of what `enable` writes. */
export function metadataText(of: MetadataFacts): string {
  return formatMetadata(marker, of);
}
