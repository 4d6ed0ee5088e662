import { posix } from 'node:path';
import type { Caller } from '../route/caller.ts';
import type { ContainerRoute } from '../route/decide.ts';
import type { Metadata } from '../route/metadata.ts';
import { parseMetadata } from '../route/metadata.ts';
import { type HomeVolume, toOwnPin } from '../route/own-pin.ts';
import type { Candidate } from './candidates.ts';
import { type Inside, removeMetadata, writeMetadata } from './metadata-file.ts';
import type { OwnHome } from './own-home.ts';
import { type OwnPinState, removeOwnPin, writeOwnPin } from './own-pin-file.ts';

/** What `enable` writes for, and where: a home that is a directory of this host, or one on a volume. */
export type Target = {
  /** the home, for people */
  readonly home: string;
  readonly containerHome: string;
  readonly file: string;
  readonly volume: HomeVolume | undefined;
  readonly parse: (text: string) => Metadata;
  /** the route that the metadata will make */
  readonly route: (metadata: Metadata) => ContainerRoute;
  /** @returns how it was written, for people */
  readonly write: (text: string, inside: Inside) => Promise<string>;
  /** what was there before, or nothing: @returns which of the two, for people */
  readonly undo: (inside: Inside) => Promise<string>;
};

const takenBack = 'which was taken back';
const asBefore = 'which is as it was before';

/** For a home of this host: metadata in it. */
export function directoryTarget(own: OwnHome, caller: Caller, containerHome: string): Target {
  const { home, file, text: before } = own;
  const { path, ownerUid } = home;
  return {
    ...{ home: path, containerHome, file, volume: undefined },
    parse: (text) => parseMetadata(text, file),
    route: (metadata) => ({
      ...{ kind: 'container', metadata, file, homePath: path, homeRoot: path, profile: undefined, ownerUid },
    }),
    write: (text, inside) => writeMetadata(home, text, caller, inside),
    async undo(inside) {
      if (before !== undefined) await writeMetadata(home, before, caller, inside);
      else await removeMetadata(home, caller, async () => inside);
      return before === undefined ? takenBack : asBefore;
    },
  };
}

/** For a home on a volume: the user's own pin. */
export function volumeTarget({ file, text: before }: OwnPinState, caller: Caller, chosen: Candidate): Target {
  const home = posix.resolve('/', chosen.container.env.get('HERMES_HOME') ?? '');
  const volume = { name: chosen.volume ?? '', home };
  return {
    ...{ home: `volume '${volume.name}'`, containerHome: home, file, volume },
    parse: (text) => toOwnPin(text, file).metadata,
    route: (metadata) => ({
      ...{ kind: 'container', metadata, file, volume, homePath: home, homeRoot: home, profile: undefined },
      ownerUid: caller.uid,
    }),
    async write(text) {
      writeOwnPin(file, text);
      return 'for this user alone';
    },
    async undo() {
      if (before !== undefined) writeOwnPin(file, before);
      else removeOwnPin(file);
      return before === undefined ? takenBack : asBefore;
    },
  };
}
