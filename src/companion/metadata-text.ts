import { enableMarker } from '../route/author.ts';
import { formatMetadata, type MetadataFacts } from '../route/format-metadata.ts';

/** The text of what `enable` writes. */
export function metadataText(of: MetadataFacts): string {
  return formatMetadata(enableMarker, of);
}
