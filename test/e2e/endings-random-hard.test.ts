/** Endings at random moments in paused containers, on full disks, by frozen engines: none leaves anything behind. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Running } from '../harness/call.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { EngineFault } from '../harness/fault.ts';
import { leftovers } from '../harness/leftovers.ts';
import { describeModes, distinctModes, type EngineMode, socketModes } from '../harness/modes.ts';
import { type EngineProxy, openProxy } from '../harness/proxy.ts';
import { endAfter, longestMs, means, moment, often, seed } from '../harness/random-ending.ts';

const hardEndings = often(8);

/** What makes it hard to end a session, for so many milliseconds. */
type Hardship = 'pause' | 'full disks' | 'frozen engine';

async function suffer(container: ManagedContainer, hardship: Hardship, ms: number, proxy?: EngineProxy) {
  const fill = 'head -c 200000 /dev/zero >/tmp/fill; head -c 200000 /dev/zero >/dev/shm/fill; exit 0';
  const paused = hardship === 'pause' && (await isPaused(container));
  if (hardship === 'frozen engine') proxy?.freeze();
  else if (hardship === 'full disks') await container.exec(['/bin/sh', '-c', fill], { user: '0' });
  await moment(ms);
  if (paused) await container.unpause();
  else if (hardship === 'frozen engine') proxy?.thaw();
  else if (hardship === 'full disks')
    await container.exec(['rm', '-f', '/tmp/fill', '/dev/shm/fill'], { user: '0' });
}

/** Pauses it; an engine that cannot is told, and what the shim promised holds all the same. */
async function isPaused(container: ManagedContainer): Promise<boolean> {
  try {
    await container.pause();
    return true;
  } catch (error) {
    if (error instanceof EngineFault) return false;
    throw error;
  }
}

/** What can be done to a container of a way; a rootless one cannot be paused under cgroups v1. */
const hardshipsOf = (mode: EngineMode): readonly Hardship[] => [
  ...(mode === 'podman-rootless' ? [] : (['pause'] as const)),
  'full disks',
  ...(socketModes.includes(mode) ? (['frozen engine'] as const) : []),
];

describeModes((mode) => {
  it(
    `${hardEndings} endings in paused containers, on full disks, by frozen engines leave nothing behind (seed ${seed})`,
    async () => {
      const engineArgs = ['--tmpfs', '/tmp:size=64k', '--shm-size=64k'];
      await using container = await managedContainer(mode, { engineArgs });
      await using proxy = socketModes.includes(mode) ? await openProxy(container) : undefined;
      const env = { HERMES_SHIM_DEBUG: '1', ...proxy?.env };
      const batches = fc.sample(
        fc.record({
          hardship: fc.constantFrom(...hardshipsOf(mode)),
          lastsMs: fc.integer({ min: 200, max: 5000 }),
          ends: fc.array(fc.tuple(fc.constantFrom(...means), fc.nat(1500)), { minLength: 4, maxLength: 4 }),
        }),
        { numRuns: hardEndings / 4, seed },
      );
      for (const { hardship, lastsMs, ends } of batches) {
        const start = () => container.session(['tick', '0.02'], { detached: true, timeoutMs: 60_000, env });
        const running = await Promise.all(ends.map(start));
        for (const one of running) await one.waitFor(/\d/, 30_000);
        const endings = ends.map(([how, ms], at) => endAfter(running[at] as Running, how, ms));
        await Promise.all([suffer(container, hardship, lastsMs, proxy), ...endings]);
        await container.untilNoGuests(30_000);
      }
      expect(await leftovers(container)).toEqual([]);
    },
    longestMs,
  );
}, distinctModes);
