import type { Engine, Service } from './metadata.ts';
import type { HomeVolume } from './own-pin.ts';

/** What metadata is made of. */
export type MetadataFacts = {
  engine: Engine;
  containerName: string;
  user: string;
  bin: string;
  service?: Service | undefined;
  /** only in a user's own pin */
  volume?: HomeVolume | undefined;
};

/**
 * The text of metadata, as `parseMetadata` reads it.
 * @param marker the first line, a comment: whose it is
 */
export function formatMetadata(marker: string, of: MetadataFacts): string {
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
