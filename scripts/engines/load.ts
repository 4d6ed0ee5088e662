/** Getting the test images into an engine, and finding out whether a container starts there. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { packImages } from './image.ts';
import { canRun, importImage, type OwnerFacts } from './owner.ts';
import { type RunRecord, saveRecord } from './record.ts';
import type { Availability, ImageName, Way } from './ways.ts';

/** Packed root file systems, one file each. */
export type Tars = Record<ImageName, string>;

/** Packs the images into the run's directory. */
export function pack(record: RunRecord): Promise<Tars> {
  const dir = join(record.dir, 'images');
  mkdirSync(dir);
  record.images = Object.values(imagesOf(record));
  saveRecord(record);
  return packImages(dir);
}

/** Tagged with the run, so that a run that ends does not take away the images of one that goes on. */
const imagesOf = ({ run }: RunRecord): Record<ImageName, string> => ({
  dash: `hermes-shim-test:dash-${run}`,
  busybox: `hermes-shim-test:busybox-${run}`,
});

export const factsOf = (record: RunRecord) => ({
  run: record.run,
  dir: record.dir,
  images: imagesOf(record),
});

/** Imports the images and starts a container once. */
export async function loadAndRun(
  way: Way,
  facts: OwnerFacts & { run: string },
  record: RunRecord,
  tars: Tars,
): Promise<Availability> {
  const images = imagesOf(record);
  for (const name of ['dash', 'busybox'] as const) {
    const why = await importImage(way, facts, tars[name], images[name]);
    if (why !== null) return { available: false, why };
  }
  return canRun(way, facts, images.dash);
}

/** The result of `test`; what it throws is why the way is not available. */
export async function tested(
  wanted: readonly Way[],
  way: Way,
  test: () => Promise<Availability>,
): Promise<Availability> {
  if (!wanted.includes(way)) return { available: false, why: 'not asked for' };
  try {
    return await test();
  } catch (error) {
    return { available: false, why: error instanceof Error ? error.message : String(error) };
  }
}
