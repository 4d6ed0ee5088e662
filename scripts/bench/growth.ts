/** What one call's milliseconds do not show: many calls at once, a session that waits, a session that is busy. */
import { type Contestant, contestantsFor, type Programs } from './contestants.ts';
import { type Crowd, crowd } from './crowd.ts';
import { type Memory, memoryOfASession } from './memory.ts';
import { type Subject, writeMetadata } from './subject.ts';
import { type Stream, streams } from './throughput.ts';

export interface Growth {
  crowds: readonly Crowd[];
  /** A waiting session's processes, by what started it. */
  waiting: ReadonlyArray<{ by: string; family: readonly Memory[] }>;
  streams: readonly Stream[];
}

/** Measures all of it for one way. Takes some minutes. */
export async function grow(subject: Subject, programs: Programs): Promise<Growth> {
  const contestants = contestantsFor(subject, programs);
  const named = (key: string): Contestant => {
    const found = contestants.find((contestant) => contestant.key === key);
    if (found === undefined) throw new Error(`no contestant called ${key}`);
    return found;
  };
  const [bare, routed] = [named('bare'), named('routed')];
  const crowds: Crowd[] = [];
  for (const calls of [1, 10, 50]) crowds.push(await crowd(subject, bare, routed, calls));
  writeMetadata(subject, subject.programs.pause);
  const waiting = [{ by: '`hermes`', family: await memoryOfASession(subject, programs.hermes) }];
  for (const { label, hermes } of programs.executables)
    waiting.push({ by: label, family: await memoryOfASession(subject, hermes) });
  writeMetadata(subject, subject.hermesBin);
  const bareFor = (program: string): Contestant => ({
    ...bare,
    argv: [...bare.argv.slice(0, -1), program],
  });
  return { crowds, waiting, streams: await streams(subject, bareFor, routed) };
}
