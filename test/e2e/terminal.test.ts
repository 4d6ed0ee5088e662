/** The terminal table: what hermes sees of the caller's three descriptors, and what a terminal keeps of its nature. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { until } from '../harness/host.ts';
import { installShim } from '../harness/installed.ts';
import { clientModes, describeModes, transportModes } from '../harness/modes.ts';
import { openTerminal } from '../harness/pty.ts';
import { readReport } from '../harness/report.ts';
import { withoutSpinner } from '../harness/screen.ts';

const kinds = ['tty', 'pipe'] as const;
const combinations = kinds.flatMap((stdin) =>
  kinds.flatMap((stdout) => kinds.map((stderr) => ({ stdin, stdout, stderr }))),
);

/** An interactive bash in a terminal, with the shim's hermes on its PATH. */
async function openShell(container: ManagedContainer) {
  await installShim();
  const { env, ...identity } = container.identity();
  const argv = ['bash', '--norc', '--noprofile', '-i'];
  const terminal = await openTerminal({
    argv,
    env: { ...env, PS1: 'prompt> ', HISTFILE: '' },
    cols: 100,
    rows: 30,
    ...identity,
  });
  await terminal.waitFor('prompt> ');
  return {
    ...terminal,
    /** Types a line and waits for what it brings; returns that. */
    async type(line: string, what: string | RegExp): Promise<string> {
      const from = terminal.output().length;
      terminal.write(`${line}\r`);
      return terminal.waitFor(what, { from, ms: 30_000 });
    },
    [Symbol.asyncDispose]: () => terminal[Symbol.asyncDispose](),
  };
}

describeModes((mode) => {
  let container: ManagedContainer;
  beforeAll(async () => {
    container = await managedContainer(mode);
  });
  afterAll(() => container[Symbol.asyncDispose]());

  describe.each(combinations)('stdin $stdin, stdout $stdout, stderr $stderr', (redirect) => {
    it('hermes sees what the table says, and each output goes where it belongs', async () => {
      await using terminal = await container.terminal(['mirror', '3', '-', '2', '4', '0'], {
        redirect,
        cols: 91,
        rows: 23,
      });
      expect(await terminal.exit).toEqual({ code: 3, signal: null });
      const isTerminal = redirect.stdin === 'tty' && redirect.stdout === 'tty';
      const outputs = {
        stdout: redirect.stdout === 'tty' ? terminal.output() : terminal.pipes.stdout(),
        stderr: redirect.stderr === 'tty' || isTerminal ? terminal.output() : terminal.pipes.stderr(),
      };
      const report = readReport(outputs.stdout);
      expect(report.terminal).toEqual([isTerminal, isTerminal, isTerminal]);
      expect(report.size).toEqual(isTerminal ? { rows: 23, cols: 91 } : null);
      expect(outputs.stdout).toContain(redirect.stdout === 'tty' ? 'end\r\noo' : 'end\noo');
      expect(outputs.stderr).toContain('eeee');
      // As with ssh -t: what a terminal inside carries comes out on stdout.
      if (isTerminal) expect(terminal.pipes.stderr()).toBe('');
      if (redirect.stdout === 'pipe') expect(outputs.stdout).not.toMatch(/\r|eeee/);
    });
  });

  it('both outputs keep their order where they are the same terminal', async () => {
    await using terminal = await container.terminal(['both', '40'], { redirect: { stdin: 'pipe' } });
    await terminal.exit;
    expect(withoutSpinner(terminal.output()).split('\r\n')).toEqual([
      ...Array.from({ length: 40 }, (_, n) => `${n + 1}`),
      '',
    ]);
  });

  it('hermes knows the window size from its first instant, and learns of a change', async () => {
    await using terminal = await container.terminal(['winch'], { cols: 100, rows: 30 });
    await terminal.waitFor('ready', { ms: 30_000 });
    expect(withoutSpinner(terminal.output())).toMatch(/^size 30 100\r\n/);
    terminal.resize(120, 40);
    await terminal.waitFor('size 40 120');
    terminal.write('\x03');
    await terminal.exit;
  });

  it('a terminal that has no size, or loses it, runs hermes all the same', async () => {
    await using terminal = await container.terminal(['winch'], { cols: 0, rows: 0 });
    await terminal.waitFor('ready', { ms: 30_000 });
    // An engine's client loses sizes: docker's what comes before it listens, podman's one of many within a millisecond.
    const resized = (cols: number, rows: number) => {
      const isShown = () => {
        terminal.resize(cols + 1, rows);
        terminal.resize(cols, rows);
        return terminal.output().includes(`size ${rows} ${cols}\r\n`);
      };
      return until(isShown, { what: `size ${rows} ${cols}`, everyMs: 200 });
    };
    await resized(120, 40);
    terminal.resize(0, 0);
    await resized(90, 20);
    terminal.write('\x03');
    await terminal.exit;
  });

  it('every key arrives at once, Ctrl-P and Ctrl-Q too', async () => {
    await using terminal = await container.terminal(['keys', '8']);
    await terminal.waitFor(/ready \d+\r\n/, { ms: 30_000 });
    // The engine's own detach sequence in the middle: Ctrl-P, Ctrl-Q.
    terminal.write('\x10\x10\x11\x03\x04\x1a\x1c\x10');
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
    expect(terminal.output()).toContain('keys 10101103041a1c10\r\n');
  });

  it('a question that wants a line, then raw keys: the line and a paste of several lines arrive as they were', async () => {
    // as the first chat of 0.16 asks whether to install a browser, and takes what is typed there for the answer
    const asking = 'printf "Install now? [Y/n] "; read -r answer; echo "answer $answer"; exec "$0" keys 20';
    await using terminal = await container.terminal(['sh', '-c', asking, container.hermesBin]);
    await terminal.waitFor('Install now? [Y/n] ', { ms: 30_000 });
    terminal.write('n\r');
    await terminal.waitFor(/answer n\r\nready \d+\r\n/, { ms: 30_000 });
    const paste = '\x1b[200~ab\ncd \u00e9\x1b[201~';
    terminal.write(paste);
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
    expect(terminal.output()).toContain(`keys ${Buffer.from(paste).toString('hex')}\r\n`);
  });

  it('Ctrl-D is the end of the input', async () => {
    await using terminal = await container.terminal(['chat']);
    await terminal.waitFor('> ', { ms: 30_000 });
    terminal.write('hello\r');
    await terminal.waitFor('you said: hello');
    terminal.write('\x04');
    expect(await terminal.exit).toEqual({ code: 0, signal: null });
    expect(withoutSpinner(terminal.output())).toMatch(/bye\r\n$/);
  });

  it('the terminal is set as before, after raw mode, after Ctrl-C and after an error', async () => {
    await using shell = await openShell(container);
    const before = await shell.settings();
    await shell.type('hermes keys 1', /ready \d+/);
    shell.write('x');
    await shell.waitFor('keys 78');
    // podman's client takes what is typed until it has ended, so nobody types ahead here.
    await shell.waitFor(/keys 78[\s\S]*prompt> $/);
    await shell.type('hermes chat', '(probe): type exit');
    await shell.type('\x03', 'prompt> ');
    await shell.type('hermes sh -c "stty raw -echo; exit 9"; echo "code $?"', 'code 9');
    await shell.type('HERMES_SHIM_WAIT=x hermes version; echo "code $?"', 'code 125');
    await shell.type('echo "end $((40 + 2))"', 'end 42');
    await shell.waitFor(/prompt> $/);
    expect(await shell.settings()).toBe(before);
  });

  it('whoever reads what hermes prints keeps the terminal as they have set it', async () => {
    await using shell = await openShell(container);
    // as a pager does it, before hermes ends and when it has ended
    const pager =
      'read -r _; stty -icanon noflsh </dev/tty; cat >/dev/null; stty -a </dev/tty; stty sane </dev/tty';
    for (const line of ['hermes sh -c "echo; sleep 0.2"', 'hermes-shim explain']) {
      const seen = await shell.type(`${line} | (${pager}); echo "code $?"`, /code \d/);
      expect(seen, line).toMatch(/ -icanon [\s\S]* noflsh/);
    }
  });

  it('a background job that ends leaves the terminal as others have set it', async () => {
    await using shell = await openShell(container);
    const job = 'trap "exit 3" TERM; echo ready >&2; while :; do sleep 0.1; done';
    await shell.type(`hermes sh -c '${job}' >/dev/null &`, /ready\r?\n/);
    // one program, between whose words the shell does not set the terminal
    const other = 'stty noflsh; kill $1; while [ -d /proc/$1 ]; do sleep 0.05; done; stty -a; stty sane';
    const seen = await shell.type(`sh -c '${other}' other $!; wait $!; echo "code $?"`, /code \d/);
    expect(seen).not.toContain('-noflsh');
    expect(seen).toMatch(/icanon [\s\S]*code 3/);
  });

  it('a background job does not eat what is typed at the shell', async () => {
    await using shell = await openShell(container);
    await shell.type(`hermes cat >/dev/null & echo started`, /\nstarted/);
    for (const n of [1, 2, 3, 4, 5]) await shell.type(`echo "line $((${n} * 11))"`, `line ${n * 11}\r\n`);
    await shell.type('wait; echo "code $?"', 'code 0');
  });

  it('HERMES_SHIM_STDIN=0 keeps hermes from stdin: a terminal, or a loop that reads it too', async () => {
    await using shell = await openShell(container);
    const seen = await shell.type('HERMES_SHIM_STDIN=0 hermes report -; echo "code $?"', /code \d/);
    expect(readReport(seen.slice(seen.indexOf('argv 2f'))).terminal).toEqual([false, false, false]);
    const loop = (hermes: string) =>
      `printf 'one\\ntwo\\nthree\\n' | while read -r x; do echo "$x $(${hermes})"; done`;
    const lines = ['one', 'two', 'three'].map((word) => `${word} Hermes Agent v0.0.0 (probe)\n`).join('');
    for (const hermes of ['HERMES_SHIM_STDIN=0 hermes version', 'hermes version </dev/null']) {
      await using running = await container.shell(loop(hermes));
      expect(await running.ended).toMatchObject({ stdout: lines, stderr: '', exitCode: 0 });
    }
  });
}, transportModes);

describeModes((mode) => {
  it('a size is waited for where there is one to come, and hardly where there is none', async () => {
    await using container = await managedContainer(mode);
    const flagsAt = async (size: { cols: number; rows: number }) => {
      await using terminal = await container.terminal(['exit', '3'], {
        ...size,
        env: { HERMES_SHIM_DEBUG: '1' },
      });
      expect(await terminal.exit).toEqual({ code: 3, signal: null });
      return /hermes-wrapper \S+ \d+ \S+ (\S+) /.exec(terminal.output())?.[1];
    };
    expect(await flagsAt({ cols: 0, rows: 0 })).toBe(container.engine === 'docker' ? 'v' : '-');
    expect(await flagsAt({ cols: 80, rows: 24 })).toBe(container.engine === 'docker' ? 'w' : '-');
  });
}, clientModes);
