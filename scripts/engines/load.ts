/** Getting the test images into an engine, and finding out whether a container starts there. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { telling } from './command.ts';
import { packImages } from './image.ts';
import { type Availability, allImages, type EngineMode, type ImageName } from './modes.ts';
import { officialChanges } from './official.ts';
import { askOwner, canRun, importImage, type OwnerFacts } from './owner.ts';
import { type RunRecord, saveRecord } from './record.ts';

/** Packed root file systems, one file each. */
export type Tars = Partial<Record<ImageName, string>>;

/** Packs the wanted images into the run's directory. */
export function pack(record: RunRecord, wanted: readonly ImageName[] = allImages): Promise<Tars> {
  const dir = join(record.dir, 'images');
  mkdirSync(dir);
  record.images = wanted.map((name) => imagesOf(record)[name]);
  saveRecord(record);
  return packImages(dir, wanted);
}

/** Tagged with the run, so that a run that ends does not take away the images of one that goes on. */
export const imagesOf = ({ run }: RunRecord): Record<ImageName, string> => ({
  dash: `hermes-shim-test:dash-${run}`,
  busybox: `hermes-shim-test:busybox-${run}`,
  official: `hermes-shim-test:official-${run}`,
});

export const factsOf = (record: RunRecord) => ({
  run: record.run,
  dir: record.dir,
  images: imagesOf(record),
});

/** Imports what was packed and starts a container with it once: the only proof that a way works. */
export async function loadAndRun(
  mode: EngineMode,
  facts: OwnerFacts & { run: string },
  record: RunRecord,
  tars: Tars,
  user?: string,
): Promise<Availability> {
  const images = imagesOf(record);
  const packed = allImages.filter((name) => tars[name] !== undefined);
  for (const name of packed) {
    const changes = name === 'official' ? officialChanges : [];
    const why = await importImage(mode, facts, tars[name] ?? '', images[name], changes);
    if (why !== null) return { available: false, why };
  }
  return canRun(mode, facts, images[packed[0] ?? 'dash'], user);
}

/** The version of the API that docker's daemon speaks to its newest clients. */
export async function dockerApiVersion(facts: OwnerFacts): Promise<string> {
  const { code, stdout, stderr } = await askOwner('docker', facts, [
    ...['version', '--format', '{{.Server.APIVersion}}'],
  ]);
  if (code !== 0) throw new Error(telling(stderr));
  return stdout.trim();
}

/** The result of `test`, unless none of these modes is wanted; what it throws is why they are not available. */
export async function tested(
  wanted: readonly EngineMode[],
  modes: readonly EngineMode[],
  test: () => Promise<Availability>,
): Promise<Availability> {
  if (!modes.some((mode) => wanted.includes(mode))) return { available: false, why: 'not asked for' };
  try {
    return await test();
  } catch (error) {
    return { available: false, why: error instanceof Error ? error.message : String(error) };
  }
}
