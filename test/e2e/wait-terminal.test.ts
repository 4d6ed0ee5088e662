/** What a person sees of a wait, read back from a real terminal. */
import { describe, expect, it } from 'vitest';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { processFacts, until } from '../harness/host.ts';
import { installShim, shim } from '../harness/installed.ts';
import { describeModes, type EngineMode } from '../harness/modes.ts';
import { openTerminal, type Terminal } from '../harness/pty.ts';
import { screenOf } from '../harness/screen.ts';
import { patient as forever, telling, untilItWaits, withoutTrace } from '../harness/waiting.ts';

const hide = '\x1b[?25l';
const show = '\x1b[?25h';
const patient = { env: forever };

/** A container that does not run, so that a call waits: one that never did, which is quicker to have. */
const idle = (mode: EngineMode): Promise<ManagedContainer> => managedContainer(mode, { start: false });

/** One that did, where a person reads that it ended. */
async function stopped(mode: EngineMode): Promise<ManagedContainer> {
  const container = await managedContainer(mode);
  await container.stop();
  return container;
}

/** All that was written on the line that moves, each text once, in order. */
function framesOf(terminal: Terminal): string[] {
  const texts = [...terminal.output().matchAll(/waiting for [^\x1b\r\n]*/g)].map(([text]) => text.trimEnd());
  return texts.filter((text, index) => text !== texts[index - 1]);
}

describeModes(
  (mode) => {
    it('a person sees what is waited for, in changing words, and nothing of it afterwards', async () => {
      await using container = await managedContainer(mode, { userAfterMs: 1500 });
      await container.remove();
      await using terminal = await container.terminal(['version'], patient);
      await terminal.waitFor(`waiting for container ${container.name}`);
      await container.create();
      await terminal.waitFor(`waiting for container ${container.name} (created)`);
      await container.start();
      await terminal.waitFor('waiting for user hermes');
      expect(screenOf(terminal.output())).toEqual({
        lines: [expect.stringMatching(/^\S waiting for user hermes$/)],
        cursorVisible: false,
      });
      expect(await terminal.exit).toEqual({ code: 0, signal: null });
      const frames = framesOf(terminal);
      expect(frames).toEqual(
        expect.arrayContaining([
          `waiting for container ${container.name}`,
          `waiting for container ${container.name} (created)`,
          'waiting for user hermes',
        ]),
      );
      expect(screenOf(terminal.output())).toEqual({
        lines: ['Hermes Agent v0.0.0 (probe)'],
        cursorVisible: true,
      });
      expect(terminal.output()).not.toContain('hermes:');
      expect(container.starts()).toHaveLength(1);
    });
  },
  ['docker', 'podman-root'],
);

describeModes(
  (mode) => {
    it('what is typed ahead is still there when hermes reads', async () => {
      await using container = await idle(mode);
      await using terminal = await container.terminal(['chat'], patient);
      await terminal.waitFor('waiting for container');
      terminal.write('hello\r');
      await terminal.waitFor('hello');
      expect(await terminal.settings()).toMatch(/[^-]icanon.*[^-]echo /s);
      await container.start();
      await terminal.waitFor('you said: hello');
      terminal.write('exit\r');
      expect(await terminal.exit).toEqual({ code: 0, signal: null });
    });

    it('a wait in vain leaves the error alone on the screen', async () => {
      await using container = await stopped(mode);
      await using terminal = await container.terminal(['version'], {
        env: { HERMES_SHIM_WAIT: '0.6' },
        cols: 200,
      });
      expect(await terminal.exit).toEqual({ code: 125, signal: null });
      const { lines, cursorVisible } = screenOf(terminal.output(), 200);
      expect(cursorVisible).toBe(true);
      expect(lines[0]).toMatch(
        /^hermes: container '.*' is not running \(docker: exited with code 0.*\); waited (0\.[6-9]|\d) s$/,
      );
      expect(lines.join('\n')).not.toContain('waiting');
    });

    it('a line that moves needs all three to be terminals', async () => {
      await using container = await idle(mode);
      for (const redirect of [{ stdin: 'null' }, { stdout: 'pipe' }, { stderr: 'pipe' }] as const) {
        await using terminal = await container.terminal(['version'], {
          env: { HERMES_SHIM_WAIT: '0.6' },
          redirect,
        });
        expect((await terminal.exit).code).toBe(125);
        const all = terminal.output() + terminal.pipes.stdout() + terminal.pipes.stderr();
        expect(all).not.toContain('waiting');
        expect(all).not.toContain('\x1b');
      }
    });

    it('NO_COLOR is honoured, and a dumb terminal gets plain lines', async () => {
      await using container = await stopped(mode);
      const env = { HERMES_SHIM_WAIT: '0.6' };
      await using plain = await container.terminal(['version'], { env: { ...env, NO_COLOR: '1' } });
      await plain.exit;
      expect(framesOf(plain)).toHaveLength(1);
      expect(plain.output()).not.toMatch(/\x1b\[[\d;]*m/);
      await using colour = await container.terminal(['version'], { env: { ...env, FORCE_COLOR: '1' } });
      await colour.exit;
      expect(colour.output()).toMatch(/\x1b\[36m/);
      await using dumb = await container.terminal(['version'], { env: { ...env, TERM: 'dumb' } });
      await dumb.exit;
      expect(dumb.output()).not.toContain('\x1b');
      expect(dumb.output()).toMatch(
        /^hermes: waiting for container .* \(exited\)\r\nhermes: container '.*' is not running/,
      );
    });

    const keys = [
      ['Ctrl-C', 'SIGINT', (terminal: Terminal) => terminal.write('\x03')],
      ['Ctrl-\\', 'SIGQUIT', (terminal: Terminal) => terminal.write('\x1c')],
      ['kill', 'SIGTERM', (terminal: Terminal) => process.kill(terminal.pid, 'SIGTERM')],
      ['kill -HUP', 'SIGHUP', (terminal: Terminal) => process.kill(terminal.pid, 'SIGHUP')],
      ['kill -USR1', 'SIGUSR1', (terminal: Terminal) => process.kill(terminal.pid, 'SIGUSR1')],
    ] as const;
    it.each(keys)('%s ends the wait at once, by %s, with the cursor back', async (_, signal, send) => {
      await using container = await idle(mode);
      await using terminal = await container.terminal(['version'], patient);
      await terminal.waitFor('waiting for container');
      send(terminal);
      // the wait itself would take a minute
      expect(await terminal.exit).toEqual({ code: null, signal });
      expect(terminal.output().lastIndexOf(show)).toBeGreaterThan(terminal.output().lastIndexOf(hide));
      expect(screenOf(terminal.output().replaceAll(/\^[C\\]/g, '')).lines).toEqual([]);
      expect(await terminal.settings()).toMatch(/[^-]icanon.*[^-]echo /s);
    });

    it.each([
      ['0 columns and 0 rows', 0, 0],
      ['0 columns', 0, 24],
      ['1 column', 1, 1],
    ])('a terminal of %s shows the wait too, and Ctrl-C ends it', async (_, cols, rows) => {
      await using container = await idle(mode);
      await using terminal = await container.terminal(['version'], { ...patient, cols, rows });
      await terminal.waitFor('waiting for container');
      terminal.write('\x03');
      expect(await terminal.exit).toEqual({ code: null, signal: 'SIGINT' });
      // a second of frames is some kilobytes
      expect(terminal.outputBytes().length).toBeLessThan(100_000);
      expect(terminal.output().lastIndexOf(show)).toBeGreaterThan(terminal.output().lastIndexOf(hide));
    });

    it('a terminal that loses its size during the wait goes on, until the container is there', async () => {
      await using container = await stopped(mode);
      await using terminal = await container.terminal(['version'], patient);
      await terminal.waitFor('waiting for container');
      terminal.resize(0, 0);
      await container.remove();
      await terminal.waitFor(`waiting for container ${container.name} `);
      await container.create();
      await container.start();
      await terminal.waitFor('Hermes Agent');
      expect(await terminal.exit).toEqual({ code: 0, signal: null });
      expect(terminal.outputBytes().length).toBeLessThan(100_000);
    });

    it('a closed terminal ends the wait', async () => {
      await using container = await idle(mode);
      await using terminal = await container.terminal(['version'], patient);
      await terminal.waitFor('waiting for container');
      terminal.hangup();
      expect(await terminal.exit).toEqual({ code: null, signal: 'SIGHUP' });
    });

    it('Ctrl-Z stops the wait with the cursor back, and it goes on afterwards', async () => {
      await using container = await idle(mode);
      await using terminal = await container.terminal(['version'], patient);
      await terminal.waitFor('waiting for container');
      terminal.write('\x1a');
      const state = () => processFacts(terminal.pid)?.state;
      await until(() => state() === 'T', { what: 'the shim to be stopped' });
      // it is stopped a moment before its last words are read here
      const screen = () => screenOf(terminal.output().replaceAll('^Z', ''));
      await until(() => screen().cursorVisible, { what: 'the cursor to come back' });
      expect(screen().lines).toEqual([]);
      const from = terminal.output().length;
      process.kill(terminal.pid, 'SIGCONT');
      await terminal.waitFor('waiting for container', { from });
      await container.start();
      expect(await terminal.exit).toEqual({ code: 0, signal: null });
      expect(screenOf(terminal.output().replaceAll('^Z', ''))).toEqual({
        lines: ['Hermes Agent v0.0.0 (probe)'],
        cursorVisible: true,
      });
    });

    it('a signal that the caller ignores does not end the wait', async () => {
      await using container = await idle(mode);
      await installShim();
      const argv = ['/bin/sh', '-c', 'trap "" INT HUP; exec "$@"', 'sh', await shim(), 'version'];
      await using terminal = await openTerminal({ ...container.identity(patient), argv });
      await terminal.waitFor('waiting for container');
      terminal.write('\x03');
      process.kill(terminal.pid, 'SIGHUP');
      await terminal.waitFor('^C');
      // the line goes on moving
      await terminal.waitFor('waiting for container', { from: terminal.output().length });
      await container.start();
      await terminal.waitFor('Hermes Agent');
      expect(await terminal.exit).toEqual({ code: 0, signal: null });
    });
  },
  ['docker'],
);

describe('a script', () => {
  describeModes(
    (mode) => {
      it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
        'ends its wait at once by %s, without a word',
        async (signal) => {
          await using container = await idle(mode);
          await using call = await container.session(['version'], { env: telling });
          await untilItWaits(call);
          call.kill(signal);
          const { exitCode, signal: by, stdout, stderr } = await call.ended;
          expect([exitCode, by, stdout, withoutTrace(stderr)]).toEqual([null, signal, '', '']);
        },
      );
    },
    ['docker'],
  );
});
