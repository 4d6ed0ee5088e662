/** podman through a sudo that is set up otherwise: with and without a terminal of its own (use_pty), wanting one (requiretty). */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CallOptions } from '../harness/call.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { idOf, isAlive, signalAll, until } from '../harness/host.ts';
import { shim } from '../harness/installed.ts';
import { leftovers } from '../harness/leftovers.ts';
import { describeModes, engines } from '../harness/modes.ts';
import { expectRefusal } from '../harness/refusal.ts';
import { readReport } from '../harness/report.ts';
import { openShell, shimsOf } from '../harness/shell.ts';
import { callWithView, type View } from '../harness/view.ts';

const podman = '/usr/bin/podman';

/** One more file of sudoers, which nobody but the test's own caller sees. */
const sudoers = (...lines: string[]): View => ({
  files: { '/etc/sudoers.d/zz-hermes-shim-test': { text: `${lines.join('\n')}\n`, mode: 0o440 } },
});
const defaults = (container: ManagedContainer, option: string): View =>
  sudoers(`Defaults:${container.caller.name} ${option}`);

/** Calls hermes without a terminal. */
const hermes = async (
  container: ManagedContainer,
  view: View,
  args: readonly string[],
  options: CallOptions = {},
) => callWithView(container.caller, view, [await shim(), ...args], { detached: true, ...options });

async function expectNothingLeft(container: ManagedContainer): Promise<void> {
  await container.untilNoGuests(20_000);
  expect(await leftovers(container)).toEqual([]);
}

const secret = { HERMES_SHIM_FORWARD_ENV: 'MY_SECRET', MY_SECRET: 'of "this" $HOME' };

const only = engines.asRoot ? (['podman-sudo'] as const) : [];

describeModes(
  () => {
    describe.each(['use_pty', '!use_pty'])('sudo with %s', (option) => {
      it('is what the caller meets', async () => {
        await using container = await managedContainer('podman-sudo');
        const list = ['sudo', '-n', '-l'];
        const { stdout } = await callWithView(container.caller, defaults(container, option), list).ended;
        // the last one counts
        expect(stdout.match(/!?use_pty/g)?.at(-1)).toBe(option);
      });

      it('without a terminal every byte passes, outputs stay apart, and the exit code is that of hermes', async () => {
        await using container = await managedContainer('podman-sudo');
        const view = defaults(container, option);
        const input = randomBytes(300_000);
        const echo = await (await hermes(container, view, ['cat'], { input })).ended;
        expect(echo).toMatchObject({ exitCode: 0, stderr: '' });
        expect(echo.stdoutBytes.equals(input)).toBe(true);
        const apart = await (await hermes(container, view, ['emit', '5', '7', '9'])).ended;
        expect(apart).toMatchObject({ exitCode: 9, stdout: 'ooooo', stderr: 'eeeeeee' });
        // 1 is also what sudo itself ends with, the others are podman's
        for (const code of [1, 125, 127, 137, 255]) {
          const ended = await (await hermes(container, view, ['exit', String(code)])).ended;
          expect(ended).toMatchObject({ exitCode: code, stdout: '', stderr: '' });
        }
      });

      it('in a terminal hermes has one, of its size, and the exit code is that of hermes', async () => {
        await using container = await managedContainer('podman-sudo');
        await using shell = await openShell(container, defaults(container, option));
        // nothing is typed ahead: podman's client takes that until it has ended
        await shell.type('hermes report -', /end\r\n[\s\S]*prompt> /);
        // a slow engine is waited for in front of it
        const report = readReport(shell.output().slice(shell.output().indexOf('argv 2f')));
        expect(report.terminal).toEqual([true, true, true]);
        await shell.type('hermes exit 1; echo "status $?"', /status 1\r\n[\s\S]*prompt> /);
        // on a busy machine podman delivers the first size a moment late
        await shell.type('hermes winch', /size 24 80[\s\S]*ready|ready[\s\S]*size 24 80/);
        shell.resize(101, 31);
        await shell.waitFor('size 31 101');
        await shell.type('\x03', 'prompt> ');
        await shell.type('echo "status $?"', 'status 130\r\n');
      });

      it('secrets arrive, with a terminal and without', async () => {
        await using container = await managedContainer('podman-sudo');
        const view = defaults(container, option);
        const tell = ['sh', '-c', 'echo "got $MY_SECRET"'];
        const ended = await (await hermes(container, view, tell, { env: secret })).ended;
        expect(ended).toMatchObject({ exitCode: 0, stdout: `got ${secret.MY_SECRET}\n`, stderr: '' });
        await using shell = await openShell(container, view);
        await shell.type(
          `export HERMES_SHIM_FORWARD_ENV=MY_SECRET MY_SECRET='${secret.MY_SECRET}'`,
          'prompt> ',
        );
        await shell.type(`hermes sh -c 'echo "got $MY_SECRET"'`, `got ${secret.MY_SECRET}\r\n`);
      });

      it('every signal ends a session without a terminal as it should, and leaves nothing', async () => {
        await using container = await managedContainer('podman-sudo');
        const view = defaults(container, option);
        for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGKILL'] as const) {
          const running = await hermes(container, view, ['sleep', '1000']);
          await running.waitFor('ready', 20_000);
          running.kill(signal);
          expect(await running.ended).toMatchObject({ signal, timedOut: false });
          await container.untilNoGuests(20_000);
        }
        const trapping = await hermes(container, view, ['trap', 'TERM', '7']);
        await trapping.waitFor('ready', 20_000);
        trapping.killGroup('SIGTERM');
        expect(await trapping.ended).toMatchObject({ stdout: expect.stringContaining('goodbye TERM') });
        await expectNothingLeft(container);
      });

      it('kill of the shim in a terminal leaves nothing, and the terminal as before', async () => {
        await using container = await managedContainer('podman-sudo');
        await using shell = await openShell(container, defaults(container, option));
        const before = await shell.settings();
        for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const) {
          await shell.type('hermes sleep 1000', /ready \d+/);
          const from = shell.output().length;
          signalAll(shimsOf(shell), signal);
          await shell.waitFor('prompt> ', { from, ms: 20_000 });
          await until(async () => (await shell.settings()) === before, { what: `settings after ${signal}` });
          await container.untilNoGuests(20_000);
        }
        await expectNothingLeft(container);
      });

      it('a closed window leaves nothing running', async () => {
        await using container = await managedContainer('podman-sudo');
        for (const line of ['hermes sleep 1000', 'hermes sleep 1000 | cat', 'echo | hermes sleep 1000']) {
          await using shell = await openShell(container, defaults(container, option));
          await shell.type(line, /ready \d+/);
          const shims = shimsOf(shell).map(idOf);
          shell.hangup();
          await container.untilNoGuests(30_000);
          await until(() => !shims.some(isAlive), { what: 'the shim to be gone', ms: 20_000 });
        }
        await expectNothingLeft(container);
      });

      it('what is typed at the shell is not stolen, by a job in the background or a stopped one', async () => {
        await using container = await managedContainer('podman-sudo');
        await using shell = await openShell(container, defaults(container, option));
        const type = async (word: string) => {
          for (const nth of ['first', 'second', 'third'])
            await shell.type(`echo ${word}-$((1)) ${nth}`, `${word}-1 ${nth}\r\n`);
        };
        await shell.type('hermes cat >/dev/null &', 'prompt> ');
        await until(async () => container.starts().length === 1, { what: 'the background job' });
        await type('background');
        await shell.type('wait; echo waited', 'waited\r\n');
        await shell.type('hermes sh -c "echo ready; exec cat" | cat', /ready\r\n/);
        await shell.type('one', 'one\r\none\r\n');
        const from = shell.output().length;
        // no key after it: the session might still read that
        shell.write('\x1a');
        await shell.waitFor(/Stopped[\s\S]*prompt> /, { from });
        await type('stopped');
        await shell.type('fg', '| cat\r\n');
        await shell.type('two', 'two\r\ntwo\r\n');
        await shell.type('\x04', 'prompt> ');
        await expectNothingLeft(container);
      });
    });

    describe('sudo with requiretty', () => {
      const sentence = 'but sudo wants a terminal (requiretty)';
      const rule = `Defaults!${podman} !requiretty`;

      it('is told at once, with the line to write, without a terminal and in one', async () => {
        await using container = await managedContainer('podman-sudo');
        const view = defaults(container, 'requiretty');
        // a wait would be one of a minute
        const env = { HERMES_SHIM_WAIT: '60' };
        const ended = await (await hermes(container, view, ['version'], { env })).ended;
        expectRefusal(ended, 125, sentence, `echo '${rule}' | sudo tee /etc/sudoers.d/`);
        expect(ended.stderr).not.toContain('waited');
        await using shell = await openShell(container, view);
        await shell.type('hermes version; echo "status $?"', 'status 125\r\n');
        expect(shell.output()).toContain(sentence);
        expect(container.starts()).toEqual([]);
      });

      it('with the line that was told sessions run, end, and leave nothing', async () => {
        await using container = await managedContainer('podman-sudo');
        const view = sudoers(`Defaults:${container.caller.name} requiretty`, rule);
        expect(await (await hermes(container, view, ['exit', '3'])).ended).toMatchObject({ exitCode: 3 });
        const running = await hermes(container, view, ['sleep', '1000']);
        await running.waitFor('ready', 20_000);
        running.kill('SIGTERM');
        expect(await running.ended).toMatchObject({ signal: 'SIGTERM' });
        for (const line of ['hermes sleep 1000', 'hermes sleep 1000 | cat']) {
          await using shell = await openShell(container, view);
          await shell.type(line, /ready \d+/);
          shell.hangup();
          await container.untilNoGuests(30_000);
        }
        await expectNothingLeft(container);
      });
    });
  },
  only,
  { atOnce: true },
);
