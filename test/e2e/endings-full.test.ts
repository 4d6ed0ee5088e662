/** Endings in a container whose disks are full: what cannot be noted down is found all the same. */
import { expect, it } from 'vitest';
import { companion, makeOrphan } from '../harness/companion.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { within } from '../harness/host.ts';
import { leftovers } from '../harness/leftovers.ts';
import { describeModes, distinctModes, inTurns } from '../harness/modes.ts';

/** Writes until nothing more goes in. */
async function fill(container: ManagedContainer, ...dirs: string[]): Promise<void> {
  for (const dir of dirs) {
    const script = 'head -c 200000 /dev/zero >"$0/fill"; echo x >"$0/more" && [ -s "$0/more" ] && echo free';
    const { stdout, stderr } = await container.exec(['/bin/sh', '-c', script, dir], { user: '0' });
    expect(stdout, stderr).toBe('');
  }
}

/** `timeout`, `timeout -s KILL`, `kill` and a hangup end it, with nothing left. */
async function expectEndings(container: ManagedContainer): Promise<void> {
  // as much time to begin as the machine needs: 4 s on an idle one, and twice that to end
  const [seconds, grace] = [1300, 2600].map((ms) => Math.ceil(within(ms) / 1000));
  const script = `timeout -k ${grace} ${seconds} hermes sleep 1000`;
  const byTimeout = await container.shell(script, { timeoutMs: 60_000 });
  expect(await byTimeout.ended).toMatchObject({ exitCode: 124, stdout: expect.stringMatching(/^ready/) });
  await container.untilNoGuests();
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGKILL', 'SIGINT'] as const) {
    const running = await container.session(['sleep', '1000'], { detached: true });
    await running.waitFor('ready');
    running.kill(signal);
    expect(await running.ended).toMatchObject({ signal });
    await container.untilNoGuests(14_000);
  }
  expect(await leftovers(container)).toEqual([]);
}

describeModes(
  (mode) => {
    it('a full /tmp keeps no session alive', async () => {
      await using container = await managedContainer(mode, { engineArgs: ['--tmpfs', '/tmp:size=64k'] });
      await fill(container, '/tmp');
      await expectEndings(container);
    });

    it('a read-only container with a full /tmp and a full /dev/shm keeps no session alive', async () => {
      await using container = await managedContainer(mode, {
        image: 'busybox',
        user: '4242',
        userAfterMs: 'never',
        engineArgs: ['--read-only', '--tmpfs', '/tmp:size=64k', '--shm-size=64k'],
      });
      await fill(container, '/tmp', '/dev/shm');
      await expectEndings(container);
      await using _ = await makeOrphan(container, ['sleep', '1000']);
      expect(await companion(container, ['reap'])).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/^Ended 1:/),
      });
      await container.untilNoGuests();
    });

    it('a container with nothing but a shell keeps no session alive', async () => {
      await using container = await managedContainer(mode);
      // every other program in there is a link to it
      await container.exec(['mv', '/bin/busybox', '/bin/away'], { user: '0' });
      for (const signal of ['SIGTERM', 'SIGHUP', 'SIGKILL', 'SIGINT'] as const) {
        const blocks = ['sh', '-c', 'echo ready; read -r _'];
        const running = await container.session(blocks, { detached: true, stdin: 'pipe' });
        await running.waitFor('ready');
        running.kill(signal);
        expect(await running.ended).toMatchObject({ signal });
        await container.untilNoGuests(14_000);
      }
      expect(await leftovers(container)).toEqual([]);
      await container.exec(['/bin/away', 'mv', '/bin/away', '/bin/busybox'], { user: '0' });
    });
  },
  inTurns(distinctModes),
  { atOnce: true },
);
