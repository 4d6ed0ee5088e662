/** Endings in a terminal: keys, a closed window, job control. The terminal is usable after every one of them. */
import { expect, it } from 'vitest';
import { clientsBelow } from '../harness/clients.ts';
import { signalAll, until } from '../harness/host.ts';
import { clientModes, describeModes, distinctModes } from '../harness/modes.ts';
import { shareContainer } from '../harness/shared.ts';
import { openShell, shimOf, shimsOf } from '../harness/shell.ts';

describeModes((mode) => {
  const shared = shareContainer(mode);

  it('Ctrl-C ends a session in a terminal, and the terminal is as before', async () => {
    const container = await shared();
    await using shell = await openShell(container);
    const before = await shell.settings();
    await shell.type('hermes sleep 1000', /ready \d+/);
    await shell.type('\x03', 'prompt> ');
    await shell.type('echo "status $?"', /status 130/);
    expect(await shell.settings()).toBe(before);
    await container.untilNoGuests();
  });

  it('Ctrl-C ends a session in a pipeline, and a session that reads one', async () => {
    const container = await shared();
    await using shell = await openShell(container);
    for (const line of ['hermes sleep 1000 | cat', 'echo | hermes sleep 1000']) {
      await shell.type(line, /ready \d+/);
      await shell.type('\x03', 'prompt> ');
      await container.untilNoGuests();
    }
    await shell.type('echo "status $?"', /status 130/);
  });

  it('a loop in a terminal stops at Ctrl-C', async () => {
    const container = await shared();
    await using shell = await openShell(container);
    await shell.type('for i in 1 2 3; do hermes sleep 1000 | cat; done; echo "done $?"', /ready \d+/);
    const from = shell.output().length;
    shell.write('\x03');
    await shell.waitFor('prompt> ', { from });
    expect(shell.output().slice(from)).not.toMatch(/ready/);
    await container.untilNoGuests();
  });

  it('a loop of sessions in a terminal stops at Ctrl-C, which goes in as a byte', async () => {
    const container = await shared();
    await using shell = await openShell(container);
    await shell.type('for i in 1 2 3; do hermes sleep 1000; done', /ready \d+/);
    const from = shell.output().length;
    shell.write('\x03');
    await shell.waitFor('prompt> ', { from });
    expect(shell.output().slice(from)).not.toMatch(/ready/);
    await container.untilNoGuests();
  });

  it('a closed terminal leaves nothing running', async () => {
    const container = await shared();
    for (const line of ['hermes chat', 'hermes sleep 1000 | cat', 'hermes trap INT 3']) {
      await using shell = await openShell(container);
      await shell.type(line, /ready \d+|> $/);
      await until(async () => (await container.sessionProcesses()).length > 0, { what: 'the session' });
      shell.hangup();
      await container.untilNoGuests(20_000);
      await shell.exit;
      await until(() => shimsOf(shell).length === 0, { what: 'the shim to be gone', ms: 20_000 });
    }
  });

  it('kill of the shim ends a session in a terminal, by every signal, and the terminal is as before', async () => {
    const container = await shared();
    await using shell = await openShell(container);
    const before = await shell.settings();
    for (const signal of ['TERM', 'HUP', 'INT', 'QUIT', 'USR1', 'KILL']) {
      await shell.type('hermes sleep 1000', /ready \d+/);
      const from = shell.output().length;
      process.kill(shimOf(shell), `SIG${signal}` as NodeJS.Signals);
      await shell.waitFor('prompt> ', { from, ms: 20_000 });
      await container.untilNoGuests(20_000);
      expect(await settled(shell.settings, before), signal).toBe(before);
    }
  });

  it('Ctrl-Z stops a session in a pipeline with the shim, fg goes on with it', async () => {
    const container = await shared();
    await using shell = await openShell(container);
    await shell.type('hermes tick 0.1 | cat', /\b5\b/);
    await shell.type('\x1a', 'Stopped');
    await until(async () => (await container.sessionProcesses()).some(({ state }) => state === 'T'), {
      what: 'the session to stop',
    });
    await shell.type('fg', /\d+\r?\n\d+/);
    await shell.type('\x03', 'prompt> ');
    await container.untilNoGuests();
  });

  if (clientModes.includes(mode)) {
    it('a client killed in a terminal leaves the terminal as before', async () => {
      const container = await shared();
      await using shell = await openShell(container);
      const before = await shell.settings();
      await shell.type('hermes keys 1', /ready \d+/);
      const from = shell.output().length;
      signalAll(clientsBelow(shimsOf(shell)), 'SIGKILL');
      await shell.waitFor('prompt> ', { from, ms: 20_000 });
      expect(await settled(shell.settings, before)).toBe(before);
      await container.untilNoGuests(20_000);
    });
  }
}, distinctModes);

/** The shell sets its terminal anew at each prompt: waits a moment for that, and returns what it came to. */
async function settled(settings: () => Promise<string>, before: string): Promise<string> {
  await until(async () => (await settings()) === before, { what: 'the settings', ms: 3000 }).catch(
    () => undefined,
  );
  return settings();
}
