/** The first line of metadata that `hermes-shim up` writes, in the home and as a pin, begins so. */
export const upMarker = '# Written by hermes-shim up;';

/** The first line of what `hermes-shim enable` writes: by it `disable` knows its own. */
export const enableMarker = '# Written by hermes-shim enable; hermes-shim disable removes it.';

const nixosMarkers = ['# Written by NixOS activation script', '# Written by programs.hermes-shim'];

/** Who wrote metadata: the NixOS module, `up`, `enable`, or somebody by hand. */
export type Author = 'nixos' | 'up' | 'enable' | 'somebody';

/** Tells by the comments. A container can write what it likes there: this only decides what may be replaced, and advice. */
export function authorOf(text: string): Author {
  const lines = text.split('\n').map((line) => line.trim());
  if (lines.some((line) => nixosMarkers.some((own) => line.startsWith(own)))) return 'nixos';
  if (lines.some((line) => line.startsWith(upMarker))) return 'up';
  return lines.includes(enableMarker) ? 'enable' : 'somebody';
}
