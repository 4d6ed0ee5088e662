import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { bigintFromJson, bigintToJson } from '../file/exact.ts';
import type { Leaves } from '../merge/config.ts';
import { writeFile } from './beneath.ts';
import { withRoot } from './dir.ts';

const record = z.object({
  stateDir: z.string(),
  /** the engine that has the container, for a file that does not say */
  backend: z.enum(['docker', 'podman']).optional(),
  /** what was declared for config.yaml, leaf by leaf */
  leaves: z.record(z.string(), z.unknown()).default({}),
  /** names of links in plugins/ that we made */
  plugins: z.array(z.string()).default([]),
  /** homes in which ~/.hermes is our link */
  bridges: z.array(z.string()).default([]),
  /** may root's pin be written? Remembered, so that `--no-pin` is said once */
  pin: z.boolean().default(true),
  /** the container that a systemd unit of ours starts */
  unit: z.string().optional(),
  /** when `update` led current-package elsewhere (ms since 1970), until it has restarted the container */
  restartDue: z.number().optional(),
});

/** What was made, so that it can be taken back when it is declared no longer. */
export type Record = Omit<z.infer<typeof record>, 'leaves'> & { readonly leaves: Leaves };

const fileName = 'made.json';

/** Reads it; a file that is not there, or makes no sense, is an empty one. */
export function readRecord(place: string, stateDir: string): Record {
  const empty: Record = { stateDir, leaves: {}, plugins: [], bridges: [], pin: true };
  try {
    const { success, data } = record.safeParse(
      JSON.parse(readFileSync(`${place}/${fileName}`, 'utf8'), bigintFromJson),
    );
    return success && data.stateDir === stateDir ? data : empty;
  } catch {
    return empty;
  }
}

/** Writes it, at once. */
export function writeRecord(place: string, made: Record, uid: number, gid: number): void {
  const text = `${JSON.stringify(made, bigintToJson, 2)}\n`;
  withRoot(place, (dir) => writeFile(dir, fileName, text, { uid, gid, mode: 0o600 }));
}
