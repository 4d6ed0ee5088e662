/** Signals that cannot be delivered, in a paused container or to a frozen daemon: neither shim nor session outlives them. */
import { expect, it } from 'vitest';
import type { Running } from '../harness/call.ts';
import { clientsBelow } from '../harness/clients.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { idOf, isAlive, signalAll, until } from '../harness/host.ts';
import { shim } from '../harness/installed.ts';
import { leftovers } from '../harness/leftovers.ts';
import { clientModes, describeModes, pausableModes, socketModes } from '../harness/modes.ts';
import { openProxy } from '../harness/proxy.ts';
import { openTerminal } from '../harness/pty.ts';
import { openShell, shimsOf } from '../harness/shell.ts';

/** Longer than the ten seconds for which a shim tries, shorter than anybody's patience. */
const soonMs = 18_000;

/** So many sessions that are up. */
async function sessions(container: ManagedContainer, count: number, env = {}): Promise<Running[]> {
  const running = await Promise.all(
    Array.from({ length: count }, () =>
      container.session(['sleep', '1000'], { detached: true, env, timeoutMs: 90_000 }),
    ),
  );
  for (const one of running) await one.waitFor('ready', 20_000);
  return running;
}

/** Waits for its end; a client behind sudo, which is root's, holds its outputs for longer. */
async function untilEnded({ pid }: Running, ms: number): Promise<void> {
  const id = idOf(pid);
  await until(() => !isAlive(id), { what: 'the end of the shim', ms });
}

/** Waits until that many milliseconds have passed. */
async function moment(ms: number): Promise<void> {
  const at = performance.now() + ms;
  await until(() => performance.now() >= at, { what: 'the moment', ms: ms + 1000 });
}

/**
 * A session that got its TERM in vain in a paused container, which goes on since. A pause that took more than half of
 * the ten seconds for which a shim tries is too long for what is tested: another session then has another pause.
 */
async function sessionSignalledInPause(container: ManagedContainer): Promise<Running> {
  for (let attempt = 1; ; attempt += 1) {
    const running = await container.session(['trap', 'TERM', '7'], { env: { HERMES_SHIM_DEBUG: '1' } });
    await running.waitFor('ready');
    await container.pause();
    const sentAt = performance.now();
    running.kill('SIGTERM');
    const inVain = () => running.stderr().includes('control script, TERM process: unknown');
    await until(inVain, { what: 'a delivery in vain', everyMs: 5 });
    await container.unpause();
    if (performance.now() - sentAt < 5000 || attempt === 5) return running;
    await running.ended;
    await container.untilNoGuests(14_000);
  }
}

const byAll = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

describeModes(
  (mode) => {
    it('a signal in a paused container ends the shim by it, and the session when the container goes on', async () => {
      await using container = await managedContainer(mode);
      const running = await sessions(container, byAll.length);
      await container.pause();
      running.forEach((one, at) => void one.kill(byAll[at] ?? 'SIGTERM'));
      await Promise.all(running.map((one) => untilEnded(one, soonMs)));
      await container.unpause();
      for (const [at, one] of running.entries()) expect(await one.ended).toMatchObject({ signal: byAll[at] });
      await container.untilNoGuests(14_000);
      expect(await leftovers(container)).toEqual([]);
    });

    it('a second signal ends the shim at once', async () => {
      await using container = await managedContainer(mode);
      const [once, twice] = (await sessions(container, 2)) as [Running, Running];
      await container.pause();
      once.kill('SIGINT');
      await moment(1000);
      twice.kill('SIGINT');
      await moment(1200);
      twice.kill('SIGINT');
      await untilEnded(twice, 4000);
      // its signal came before both, and it tries for ten seconds
      expect(isAlive(idOf(once.pid))).toBe(true);
      await container.unpause();
      const ended = [await once.ended, await twice.ended];
      expect(ended.map(({ signal }) => signal)).toEqual(['SIGINT', 'SIGINT']);
      await container.untilNoGuests(14_000);
      expect(await leftovers(container)).toEqual([]);
    });

    it('a signal that comes during a pause reaches hermes after it, once', async () => {
      await using container = await managedContainer(mode);
      const running = await sessionSignalledInPause(container);
      const { exitCode, stdout } = await running.ended;
      expect({ exitCode, said: stdout.match(/goodbye/g) }).toEqual({ exitCode: 7, said: ['goodbye'] });
      await container.untilNoGuests();
    });

    it('what is killed in a paused container, shim or client, leaves nothing when it goes on', async () => {
      await using container = await managedContainer(mode);
      const all = await sessions(container, clientModes.includes(mode) ? 3 : 2);
      const [shim, group, client] = all;
      await container.pause();
      shim?.kill('SIGKILL');
      group?.killGroup('SIGKILL');
      if (client) signalAll(clientsBelow([client.pid]), 'SIGKILL');
      await moment(12_000);
      await container.unpause();
      for (const one of all) expect((await one.ended).timedOut).toBe(false);
      await container.untilNoGuests(14_000);
      expect(await leftovers(container)).toEqual([]);
    });

    it('a watchdog does not wait for a container that is gone', async () => {
      await using container = await managedContainer(mode);
      for (const running of await sessions(container, 1)) {
        await container.pause();
        running.kill('SIGKILL');
        await untilEnded(running, 4000);
        await moment(1500);
        await container.remove();
      }
      expect(await leftovers(container, 25_000)).toEqual([]);
    });

    it('kill of a shim whose container is paused gives the terminal back as it was', async () => {
      await using container = await managedContainer(mode);
      await using shell = await openShell(container);
      const before = await shell.settings();
      await shell.type('hermes sleep 1000', /ready \d+/);
      await container.pause();
      const from = shell.output().length;
      signalAll(shimsOf(shell), 'SIGTERM');
      await shell.waitFor('prompt> ', { from, ms: soonMs });
      await until(async () => (await shell.settings()) === before, { what: 'the settings as before' });
      // what is typed goes to the shell again
      await shell.type('echo "status $?"', /status 143/);
      await container.unpause();
      await container.untilNoGuests(14_000);
      expect(await leftovers(container)).toEqual([]);
    });
  },
  pausableModes,
  { atOnce: true },
);

describeModes(
  (mode) => {
    it('a frozen daemon: a signal ends the shim by it, a killed one leaves nothing when the daemon goes on', async () => {
      await using container = await managedContainer(mode);
      await using proxy = await openProxy(container);
      const running = await sessions(container, byAll.length + 2, proxy.env);
      const [killed, orphaned, ...others] = running;
      proxy.freeze();
      killed?.kill('SIGKILL');
      if (orphaned && clientModes.includes(mode)) signalAll(clientsBelow([orphaned.pid]), 'SIGKILL');
      else orphaned?.killGroup('SIGKILL');
      others.forEach((one, at) => void one.kill(byAll[at] ?? 'SIGTERM'));
      for (const [at, one] of others.entries())
        expect(await one.ended).toMatchObject({ signal: byAll[at], timedOut: false });
      for (const one of running) expect((await one.ended).timedOut).toBe(false);
      proxy.thaw();
      await container.untilNoGuests(14_000);
      expect(await leftovers(container)).toEqual([]);
    });

    it('a signal to a frozen daemon reaches hermes when it goes on, once', async () => {
      await using container = await managedContainer(mode);
      await using proxy = await openProxy(container);
      const running = await container.session(['trap', 'TERM', '7'], { env: proxy.env });
      await running.waitFor('ready');
      proxy.freeze();
      running.kill('SIGTERM');
      await moment(4000);
      proxy.thaw();
      const { exitCode, stdout } = await running.ended;
      expect({ exitCode, said: stdout.match(/goodbye/g) }).toEqual({ exitCode: 7, said: ['goodbye'] });
      await container.untilNoGuests();
    });
  },
  socketModes,
  { atOnce: true },
);

/** The engine's API is asked to start a prepared session. */
const start = /^POST \S*\/exec\/[0-9a-f]+\/start/;

/** Is a terminal raw, and its keys signals all the same? As `stty -a` says. */
function hasKeys(settings: string): boolean {
  const words = settings.split(/[\s;]+/);
  return words.includes('-icanon') && words.includes('isig');
}

/** The engine goes on, when nobody waits for it any more. */
async function beginsAndIsEnded(container: ManagedContainer, held: { open(): void }): Promise<void> {
  held.open();
  await until(() => container.starts().length === 1, { what: 'a start that is late' });
  await container.untilNoGuests(30_000);
  expect(await leftovers(container)).toEqual([]);
}

describeModes(
  (mode) => {
    it('an engine that hangs over a start is told, and what it begins later is ended', async () => {
      await using container = await managedContainer(mode);
      await using proxy = await openProxy(container);
      const held = proxy.hold({ request: start, times: 1 });
      const running = await container.session(['sleep', '1000'], { env: proxy.env, timeoutMs: 90_000 });
      await held.reached();
      proxy.freeze();
      const hanging = await running.ended;
      expect([hanging.exitCode, hanging.timedOut, hanging.stdout]).toEqual([125, false, '']);
      expect(hanging.stderr).toMatch(
        /^hermes: (docker|podman) does not respond \(no answer within \d+ s\)\n {2}\S/,
      );
      expect(container.starts()).toEqual([]);
      proxy.thaw();
      await beginsAndIsEnded(container, held);
    });

    it('Ctrl-C ends a terminal session that does not begin, while the engine answers others, and the terminal is as it was', async () => {
      await using container = await managedContainer(mode);
      await using proxy = await openProxy(container);
      const held = proxy.hold({ request: start, times: 1 });
      await using shell = await openShell(container);
      const before = await shell.settings();
      const [[name, socket] = []] = Object.entries(proxy.env);
      shell.write(`${name}=${socket} hermes sleep 1000\r`);
      await held.reached();
      await until(async () => hasKeys(await shell.settings()), { what: 'a raw terminal with keys' });
      const from = shell.output().length;
      // Ctrl-Z would leave it to the shell as it is
      shell.write('\x1a\x03');
      await shell.waitFor('prompt> ', { from, ms: soonMs });
      await until(async () => (await shell.settings()) === before, { what: 'the settings as before' });
      await shell.type('echo "status $?"', /status 130/);
      expect(container.starts()).toEqual([]);
      // nor does a watchdog wait for a container that is gone
      await container.remove();
      expect(await leftovers(container, 25_000)).toEqual([]);
    });

    it('a session that is slow to begin gets its keys as bytes', async () => {
      await using container = await managedContainer(mode);
      await using proxy = await openProxy(container);
      const held = proxy.hold({ request: start, times: 1 });
      await using terminal = await container.terminal(['cat'], { env: proxy.env });
      await held.reached();
      await until(async () => hasKeys(await terminal.settings()), { what: 'a raw terminal with keys' });
      // a stop and its end, by whoever can signal it
      const [pid] = shimsOf(terminal);
      for (const signal of ['SIGSTOP', 'SIGCONT'] as const) signalAll([pid ?? terminal.pid], signal);
      held.open();
      const raw = async () => !(await terminal.settings()).split(/[\s;]+/).includes('isig');
      await until(raw, { what: 'a raw terminal again' });
      terminal.write('\x04');
      expect(await terminal.exit).toMatchObject({ code: 0 });
      expect(container.starts()).toHaveLength(1);
    });

    it('a window that is closed while HUP is ignored leaves nothing running', async () => {
      await using container = await managedContainer(mode);
      const { env, ...identity } = container.identity();
      const argv = ['/bin/sh', '-c', `trap '' HUP; exec ${await shim()} sleep 1000`];
      await using terminal = await openTerminal({
        ...identity,
        env: { ...container.caller.env, ...env },
        argv,
      });
      await terminal.waitFor(/ready \d+/);
      const shims = shimsOf(terminal).map(idOf);
      terminal.hangup();
      await container.untilNoGuests(20_000);
      await until(() => !shims.some(isAlive), { what: 'the shim to be gone', ms: 15_000 });
      expect(await leftovers(container)).toEqual([]);
    });

    it('what stands in front of an engine and cannot reach it proves nothing: hermes is not started a second time', async () => {
      await using container = await managedContainer(mode);
      await using proxy = await openProxy(container);
      proxy.answer({ request: start }, 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
      const ended = await container.hermes(['exit', '3'], { env: proxy.env, timeoutMs: 60_000 });
      expect([ended.exitCode, ended.stdout]).toEqual([255, '']);
      const prepared = proxy.asked.filter(({ body }) => /[[,]"HERMES_SHIM_SESSION=/.test(body));
      expect(prepared).toHaveLength(1);
      expect(container.starts()).toEqual([]);
    });
  },
  ['docker', 'podman-socket'],
  { atOnce: true },
);
