/** Engines that are slow to answer, or never do: a stand-in in front of the real one takes its time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCommand } from '../../scripts/engines/command.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { hostProcesses, until } from '../harness/host.ts';
import { nodeDir } from '../harness/installed.ts';
import { describeModes } from '../harness/modes.ts';
import { screenOf, withoutSpinner } from '../harness/screen.ts';

const real = findCommand('podman') ?? '/usr/bin/podman';

/** A podman whose `inspect` first does something else. */
function slowPodman(container: ManagedContainer, first: string): { PATH: string } {
  const dir = join(container.root, 'slow');
  fakeEngine(dir, 'podman', `[ "$1" != inspect ] || { ${first}; }\nexec ${real} "$@"`);
  return { PATH: `${dir}:${nodeDir()}:${container.caller.env.PATH}` };
}

/** Digits that no other test has, for the argument of a sleep. */
let count = 0;
const unique = () => {
  count += 1;
  return `${process.pid}${count}`;
};

describeModes(
  () => {
    it('a budget that is shorter than one look ends with that look, and the true time is told', async () => {
      await using container = await managedContainer('podman-root');
      await container.stop();
      const asked = join(container.root, 'asked');
      const env = { ...slowPodman(container, `echo >>'${asked}'; sleep 3`), HERMES_SHIM_WAIT: '1' };
      const { exitCode, stderr, ms } = await container.hermes(['version'], { env });
      expect(exitCode).toBe(125);
      const told = Number(/is not running .*; waited (\d+) s\n/.exec(stderr)?.[1]);
      expect(told).toBeGreaterThanOrEqual(3);
      expect(told).toBeLessThanOrEqual(Math.ceil(ms / 1000));
      expect(readFileSync(asked, 'utf8')).toBe('\n');
    });

    it('a person is told that the engine is slow, and sees nothing of it afterwards', async () => {
      await using container = await managedContainer('podman-root');
      const env = slowPodman(container, 'sleep 3');
      await using terminal = await container.terminal(['version'], { env });
      await terminal.waitFor('waiting for podman to answer');
      expect(await terminal.exit).toEqual({ code: 0, signal: null });
      expect(screenOf(terminal.output())).toEqual({
        lines: ['Hermes Agent v0.0.0 (probe)'],
        cursorVisible: true,
      });
      expect(withoutSpinner(terminal.output())).toBe('Hermes Agent v0.0.0 (probe)\r\n');
    });

    it('an engine that is at work is waited for beyond the time after which a silent one is given up', async () => {
      await using container = await managedContainer('podman-root');
      const busy = 'end=$(($(date +%s) + 18)); while [ "$(date +%s)" -lt $end ]; do :; done';
      const ended = await container.hermes(['version'], {
        env: slowPodman(container, busy),
        timeoutMs: 50_000,
      });
      expect([ended.exitCode, ended.stdout, ended.stderr]).toEqual([0, 'Hermes Agent v0.0.0 (probe)\n', '']);
      expect(container.starts()).toHaveLength(1);
    });

    describe('a probe that hangs', () => {
      const running = (word: string) => hostProcesses().filter(({ argv }) => argv.includes(word));

      it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)(
        'is ended by the %s that ends a script’s call',
        async (signal) => {
          await using container = await managedContainer('podman-root');
          const word = `600.${unique()}`;
          await using call = await container.session(['version'], {
            env: slowPodman(container, `sleep ${word}`),
          });
          await until(() => running(word).length > 0, { what: 'the probe' });
          call.kill(signal);
          expect(await call.ended).toMatchObject({ signal, stdout: '', stderr: '' });
          await until(() => running(word).length === 0, { what: 'the end of the probe' });
        },
      );

      it.each([
        ['before a person is told of it', /^/],
        ['when a person has been told of it', /waiting for podman to answer/],
      ])('is ended by Ctrl-C, %s', async (_, when) => {
        await using container = await managedContainer('podman-root');
        const word = `600.${unique()}`;
        await using terminal = await container.terminal(['version'], {
          env: slowPodman(container, `sleep ${word}`),
        });
        await until(() => running(word).length > 0, { what: 'the probe' });
        await terminal.waitFor(when);
        terminal.write('\x03');
        expect(await terminal.exit).toEqual({ code: null, signal: 'SIGINT' });
        expect(screenOf(terminal.output().replaceAll('^C', ''))).toEqual({ lines: [], cursorVisible: true });
        await until(() => running(word).length === 0, { what: 'the end of the probe' });
      });

      it('outlives a signal that the caller ignores', async () => {
        await using container = await managedContainer('podman-root');
        const word = `3.${unique()}`;
        await using call = await container.session(['version'], {
          env: slowPodman(container, `sleep ${word}`),
          first: 'trap "" HUP',
        });
        await until(() => running(word).length > 0, { what: 'the probe' });
        call.kill('SIGHUP');
        expect(await call.ended).toMatchObject({ exitCode: 0, stderr: '' });
      });
    });
  },
  ['podman-root'],
  { atOnce: true },
);
