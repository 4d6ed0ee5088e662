/** Signals to a session without a terminal: what the caller sees, and who is left, is as with a local program. */
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { processesBelow } from '../../scripts/engines/processes.ts';
import type { Running } from '../harness/call.ts';
import { clientsBelow } from '../harness/clients.ts';
import { endSurvivors, type Side, see, start } from '../harness/compare.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { buildGate } from '../harness/gate.ts';
import { signalAll, until } from '../harness/host.ts';
import { forgetKnown } from '../harness/known.ts';
import { leftovers } from '../harness/leftovers.ts';
import { clientModes, describeModes, transportModes } from '../harness/modes.ts';
import { shareContainer } from '../harness/shared.ts';

type Script = {
  promise: string;
  args: readonly string[];
  act: (running: Running) => void | Promise<void>;
};

const kill = (signal: NodeJS.Signals) => (running: Running) => running.kill(signal);

const scripts: readonly Script[] = [
  ...(['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const).map(
    (signal): Script => ({ promise: `${signal} ends it`, args: ['sleep', '1000'], act: kill(signal) }),
  ),
  ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const).map(
    (signal): Script => ({
      promise: `a hermes that traps ${signal} says goodbye, and its exit code arrives`,
      args: ['trap', signal.slice(3), '7'],
      act: kill(signal),
    }),
  ),
  {
    promise: 'a hermes that traps and exits with 0 has ended well',
    args: ['trap', 'TERM', '0'],
    act: kill('SIGTERM'),
  },
  {
    promise:
      'a hermes that takes TERM for Ctrl-C, as 0.16 does between two answers, ends with 130 and by no signal',
    args: ['trap', 'TERM', '130'],
    act: kill('SIGTERM'),
  },
  {
    promise: 'a hermes that ignores a signal lives on, and the next one reaches it',
    args: ['ignore', 'TERM'],
    act: (running) => {
      running.kill('SIGTERM');
      running.kill('SIGUSR1');
    },
  },
  {
    promise: 'INT reaches the children too, as a terminal would send it',
    // the child says it: a signal between a word of its parent's and the fork would meet nobody
    args: ['sh', '-c', '(echo ready; exec sleep 3600); echo survived'],
    act: (running) => running.killGroup('SIGINT'),
  },
  {
    promise: 'TERM to the whole process group ends it by TERM, not with 0',
    args: ['sleep', '1000'],
    act: (running) => running.killGroup('SIGTERM'),
  },
  {
    promise: 'QUIT to the whole process group',
    args: ['sleep', '1000'],
    act: (running) => running.killGroup('SIGQUIT'),
  },
];

describeModes(
  (mode) => {
    it('a signal that comes just as the container is found ends the call, and what it may have started', async () => {
      await using container = await managedContainer(mode);
      await using gate = await buildGate(container, 'probe');
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) {
        gate.reset();
        // a known container is entered without a look
        forgetKnown(container.root);
        await using running = await container.session(['sleep', '1000'], { env: gate.env });
        await gate.reached();
        // going on it finds the answer and the signal at once, and node tells signals last
        running.kill('SIGSTOP');
        gate.open();
        const asks = () => processesBelow([running.pid]).some(({ argv }) => argv.includes('inspect'));
        await until(() => !asks(), { what: 'the answer' });
        running.kill(signal);
        running.kill('SIGCONT');
        expect(await running.ended).toMatchObject({ signal, timedOut: false });
        await container.untilNoGuests(14_000);
      }
      expect(await leftovers(container)).toEqual([]);
    });
  },
  // by the API the engine is asked without a process in between
  clientModes,
);

describeModes((mode) => {
  const shared = shareContainer(mode);

  it('every ending by a signal is that of a local program', async () => {
    const container = await shared();
    for (const script of scripts) {
      const seen = await Promise.all(
        (['local', 'shim'] as const).map((side) => play(container, side, script)),
      );
      expect(seen[1], `${script.promise} (${mode})`).toEqual(seen[0]);
    }
    await container.untilNoGuests();
  });

  it('two signals quickly are two signals: hermes ends by one of them, once', async () => {
    const container = await shared();
    const running = await container.session(['trap', 'USR1', '11', 'USR2', '12']);
    await running.waitFor('ready');
    running.kill('SIGUSR1');
    running.kill('SIGUSR2');
    const { exitCode, stdout } = await running.ended;
    expect([11, 12]).toContain(exitCode);
    expect(stdout.match(/goodbye/g)).toHaveLength(1);
    await container.untilNoGuests();
  });

  it('a daemon that called setsid lives on, as it would locally', async () => {
    await using container = await managedContainer(mode);
    const running = await container.session(['daemon'], { detached: true });
    expect(await running.ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await container.sessionProcesses()).map(({ argv }) => argv.join(' '))).toEqual(['sleep 3600']);
  });

  it('a hermes that is not dumpable, so that nobody may read its environment, is ended like any other', async () => {
    const container = await shared();
    // execve(2): a program that its user may not read is not dumpable
    const program = join(container.packageDir, 'sleep');
    copyFileSync('/bin/busybox', program);
    chmodSync(program, 0o711);
    const running = await container.session(['sh', '-c', `echo ready; exec ${program} 1000`]);
    await running.waitFor('ready');
    await until(async () => (await container.sessionProcesses()).some(({ argv }) => argv[0] === program), {
      what: 'it',
    });
    running.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ signal: 'SIGTERM' });
    await container.untilNoGuests();
  });

  it('SIGKILL of the shim, and of its whole process group, leaves nothing running', async () => {
    const container = await shared();
    for (const end of ['kill', 'killGroup'] as const) {
      const running = await container.session(['sleep', '1000'], { detached: true });
      await running.waitFor('ready');
      running[end]('SIGKILL');
      await container.untilNoGuests();
      expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
    }
  });

  it('a signal at any moment of the start leaves nothing running', async () => {
    const container = await shared();
    for (let ms = 0; ms < 320; ms += 40) {
      const running = await container.session(['sleep', '1000']);
      const deadline = Date.now() + ms;
      await until(() => Date.now() >= deadline, { what: 'the moment', everyMs: 1 });
      running.kill('SIGTERM');
      expect(await running.ended, `after ${ms} ms`).toMatchObject({ signal: 'SIGTERM' });
      await container.untilNoGuests();
    }
  });

  if (clientModes.includes(mode)) {
    it('a client killed under the shim takes the session along, and is never called a success', async () => {
      const container = await shared();
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL', 'SIGHUP', 'SIGQUIT'] as const) {
        const running = await container.session(['sleep', '1000']);
        await running.waitFor('ready');
        signalAll(clientsBelow([running.pid]), signal);
        const ended = await running.ended;
        expect(ended.timedOut, signal).toBe(false);
        expect(ended.exitCode === 0, `${signal} must not look like success`).toBe(false);
        await container.untilNoGuests();
      }
    });
  }
}, transportModes);

async function play(container: ManagedContainer, side: Side, script: Script) {
  await using running = await start(container, side, script.args);
  await running.waitFor('ready');
  await script.act(running);
  const seen = await see(container, side, running);
  await endSurvivors(container, side, running);
  return seen;
}
