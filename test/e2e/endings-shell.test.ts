/** Endings as a shell brings them about: pipes, timeout, nohup, loops. Compared with the same script and a local hermes. */
import { expect, it } from 'vitest';
import { type Side, sideEnv } from '../harness/compare.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { signalAll, until } from '../harness/host.ts';
import { installShim } from '../harness/installed.ts';
import { describeModes, distinctModes } from '../harness/modes.ts';

/** sh code that starts a hermes in the background and waits until it has begun: before that node ignores nothing. */
function begun(hermes: string): string {
  const job = `${hermes} sh -c 'echo ready; sleep 2' >$out 2>/dev/null & p=$!`;
  return `out=$(mktemp); ${job}; until grep -q ready $out; do sleep 0.1; done`;
}

/** Scripts that end by themselves; what they print is compared. */
const scripts: Readonly<Record<string, string>> = {
  'timeout ends it with 124': 'timeout 2 hermes sleep 1000; echo "$?"',
  'timeout -s INT': 'timeout -s INT 2 hermes sleep 1000; echo "$?"',
  'timeout -s KILL': '(timeout -s KILL 3 hermes sleep 1000; echo "$?") 2>/dev/null',
  'timeout --foreground': 'timeout --foreground 2 hermes sleep 1000; echo "$?"',
  'timeout of a hermes that ignores TERM, then KILL':
    '(timeout -k 1 4 hermes ignore TERM; echo "$?") 2>/dev/null',
  '| head -1 on endless output': 'hermes endless | head -1',
  '| head -1 tells the shell SIGPIPE': 'bash -c \'hermes endless | head -1; echo "$PIPESTATUS"\'',
  'kill $!': 'hermes sleep 1000 >/dev/null & p=$!; sleep 0.5; kill $p; wait $p 2>/dev/null; echo "$?"',
  'a background job of a script ignores INT': `${begun('hermes')}; kill -INT $p; wait $p; echo "$?"; rm $out`,
  'nohup ignores HUP': `${begun('nohup hermes')}; kill -HUP $p; wait $p; echo "$?"; rm $out`,
  'set -e stops at a failure': 'sh -ec \'hermes exit 3; echo not reached\'; echo "$?"',
  'the last of a pipeline decides': 'echo one | hermes cat | hermes cat; echo "$?"',
  'command substitution': 'echo "[$(hermes version)]"',
  'a chain of conditions': 'hermes exit 0 && echo yes || echo no; hermes exit 1 && echo yes || echo no',
};

describeModes((mode) => {
  it('a shell sees the same endings as with a local hermes, and nothing is left', async () => {
    await using container = await managedContainer(mode);
    await installShim();
    const left = Object.entries(scripts);
    const seen: { name: string; local: Seen; shim: Seen }[] = [];
    const take = async () => {
      for (let next = left.shift(); next; next = left.shift()) {
        const [name, script] = next;
        const [local, shim] = await Promise.all([
          run(container, 'local', script),
          run(container, 'shim', script),
        ]);
        seen.push({ name, local, shim });
      }
    };
    // two at a time: one waits while the other works; with more a timeout could be up before hermes begins
    await Promise.all([take(), take()]);
    expect(seen).toHaveLength(Object.keys(scripts).length);
    for (const { name, local, shim } of seen) expect(shim, `${name} (${mode})`).toEqual(local);
    await container.untilNoGuests(15_000);
  });

  it('hermes … & disown and setsid hermes … live on when their shell is gone', async () => {
    await using container = await managedContainer(mode);
    await installShim();
    for (const start of ['hermes sleep 1000 & disown', 'setsid hermes sleep 1000 &']) {
      const shell = container.call(['bash', '-c', `${start} >/dev/null 2>&1 </dev/null`], {
        env: sideEnv(container, 'shim'),
        stdout: 'ignore',
        stderr: 'ignore',
      });
      await shell.ended;
      await until(async () => (await container.sessionProcesses()).length > 0, {
        what: 'a session',
        everyMs: 50,
      });
      await until(async () => (await container.sessionProcesses()).some(({ argv }) => argv[0] === 'sleep'), {
        what: 'hermes',
      });
      const session = await container.sessionProcesses();
      signalAll(
        session.map(({ pid }) => pid),
        'SIGTERM',
      );
      await container.untilNoGuests();
    }
  });
}, distinctModes);

type Seen = Awaited<ReturnType<typeof run>>;

async function run(container: ManagedContainer, side: Side, script: string) {
  const options = { env: sideEnv(container, side), timeoutMs: 40_000 };
  const { exitCode, signal, stdout, stderr, timedOut } = await container.call(
    ['/bin/sh', '-c', script],
    options,
  ).ended;
  return { exitCode, signal, stdout: stdout.replace(/ready \d+\n/g, ''), stderr, timedOut };
}
