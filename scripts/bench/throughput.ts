/** How long a gigabyte takes through a session, out of the container and into it, beside the bare engine's client. */
import { must } from '../engines/command.ts';
import type { Contestant } from './contestants.ts';
import { median } from './measure.ts';
import { gigabyte } from './stand-ins.ts';
import { identityOf, type Subject, writeMetadata } from './subject.ts';

/** So many bytes one way; milliseconds, the median of three tries. */
export interface Stream {
  way: string;
  bare: number;
  routed: number;
}

const ways = [
  { program: 'pour', way: 'from hermes to `/dev/null`', script: '"$@" </dev/null >/dev/null' },
  {
    program: 'swallow',
    way: 'from a pipe into hermes',
    script: `head -c ${gigabyte} /dev/zero | "$@" >/dev/null`,
  },
] as const;

/** Measures both ways; bare and routed in turns. `bareFor` is the bare engine's command line for that program. */
export async function streams(
  subject: Subject,
  bareFor: (program: string) => Contestant,
  routed: Contestant,
): Promise<Stream[]> {
  const measured: Stream[] = [];
  for (const { program, way, script } of ways) {
    const path = subject.programs[program];
    const bare = bareFor(path);
    const took = { bare: [] as number[], routed: [] as number[] };
    writeMetadata(subject, path);
    for (let attempt = 0; attempt < 3; attempt++) {
      took.bare.push(await timed(subject, bare, script));
      took.routed.push(await timed(subject, routed, script));
    }
    measured.push({ way, bare: median(took.bare), routed: median(took.routed) });
  }
  writeMetadata(subject, subject.hermesBin);
  return measured;
}

async function timed(subject: Subject, contestant: Contestant, script: string): Promise<number> {
  const began = performance.now();
  await must(['/bin/sh', '-c', script, 'sh', ...contestant.argv], {
    ...identityOf(subject, contestant),
    timeoutMs: 600_000,
  });
  return performance.now() - began;
}
