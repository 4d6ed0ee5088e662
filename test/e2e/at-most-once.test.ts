/**
 * hermes is started once or not at all, and what the shim answers agrees with that: a container that is stopped,
 * killed, removed or made anew at named points of a call.
 */
import { expect, it } from 'vitest';
import { clientsBelow } from '../harness/clients.ts';
import { hermesUid, managedContainer } from '../harness/container.ts';
import { buildGate } from '../harness/gate.ts';
import { until } from '../harness/host.ts';
import { forgetKnown } from '../harness/known.ts';
import {
  expectAgreement,
  type Mishap,
  mishaps,
  named,
  putBack,
  saysNotStarted,
  saysStarted,
  saysUnknown,
} from '../harness/mishaps.ts';
import { clientModes, describeModes, distinctClientModes, distinctModes, inTurns } from '../harness/modes.ts';

const impatient = { HERMES_SHIM_WAIT: '0' };

/** Where hermes is about to be or running, a stop without grace is a kill. */
const abrupt = named.filter((mishap) => mishap !== 'stop');

describeModes((mode) => {
  const kinds = clientModes.includes(mode) ? ['new', 'known'] : ['new'];
  it.each(kinds)(
    'before the exec, in a %s container: not started, unless in one that is known to have seen no start',
    async (kind) => {
      await using container = await managedContainer(mode);
      await using gate = await buildGate(container, 'exec');
      for (const [round, mishap] of abrupt.entries()) {
        await putBack(container, abrupt[round - 1]);
        if (kind === 'known') {
          gate.open();
          expect(await container.hermes(['version'], { env: gate.env })).toMatchObject({ exitCode: 0 });
        } else forgetKnown(container.root);
        container.forgetStarts();
        gate.reset();
        await using call = await container.session(['version'], { env: { ...impatient, ...gate.env } });
        await gate.reached();
        await mishaps[mishap](container);
        gate.open();
        const ended = await call.ended;
        const story = `${mishap}: ${expectAgreement(ended, container)}`;
        // the same container, running again, is as good as it was; so is a new one, where it is known that nothing was started
        // a known one is entered without a look, and a refusal by its id says that nothing was started
        const knows = kind === 'known' || !clientModes.includes(mode);
        if (mishap === 'restart' || (knows && mishap === 'remake'))
          expect([ended.exitCode, container.starts().length], story).toEqual([0, 1]);
        else {
          expect([ended.exitCode, container.starts()], story).toEqual([125, []]);
          expect(ended.stderr, story).toMatch(knows || mishap === 'kill' ? saysNotStarted : saysUnknown);
        }
      }
    },
  );

  it('while the exec starts, and just after the exec wrapper: at most once, and an answer that agrees', async () => {
    await using container = await managedContainer(mode);
    await using gate = await buildGate(container, 'exec');
    const guests = async () => (await container.sessionProcesses()).length > 0;
    const moments = [
      // the real client is about to begin
      async () => undefined,
      // where there is a client
      (shim: number) =>
        until(async () => clientsBelow([shim]).length > 0 || (await guests()), {
          what: 'the client',
          everyMs: 1,
        }),
      () => until(guests, { what: 'the wrapper', everyMs: 1 }),
      () => until(() => container.starts().length > 0, { what: 'hermes to start', everyMs: 1 }),
    ];
    let before: Mishap | undefined;
    for (const [index, moment] of moments.entries()) {
      await putBack(container, before);
      const mishap = index % 2 === 0 ? 'kill' : 'remake';
      before = mishap;
      gate.reset();
      await using call = await container.session(['sleep', '3600'], { env: { ...impatient, ...gate.env } });
      await gate.reached();
      gate.open();
      await moment(call.pid);
      await mishaps[mishap](container);
      const ended = await call.ended;
      const story = `${mishap}: ${expectAgreement(ended, container)}`;
      expect(ended.exitCode, story).not.toBe(0);
      expect(ended.stderr, story).toMatch(/^hermes: /m);
    }
  });

  it('during the session: it ends with its container, which is said after its own output', async () => {
    await using container = await managedContainer(mode);
    for (const [round, mishap] of abrupt.entries()) {
      await putBack(container, abrupt[round - 1]);
      await using call = await container.session(['sleep', '3600'], { env: impatient });
      await call.waitFor('ready');
      await mishaps[mishap](container);
      const ended = await call.ended;
      const story = `${mishap}: ${expectAgreement(ended, container)}`;
      expect(container.starts(), story).toHaveLength(1);
      expect(ended.stderr, story).toMatch(
        /^hermes: container '.*' (stopped|was removed or replaced|was restarted) \(/m,
      );
      // podman's client ends with 125 also where the container was not there at all
      if (ended.exitCode === 125 && container.engine === 'podman') expect(ended.stderr).toMatch(saysUnknown);
      else {
        // podman's client sometimes cannot find out how it ended, and says so
        const untold =
          container.engine === 'podman' && /unable to find event/.test(ended.stderr) ? [255] : [];
        expect([137, 143, ...untold], story).toContain(ended.exitCode);
        expect(ended.stderr, story).toMatch(saysStarted);
      }
    }
  });

  it('just after its end: its own code counts, wherever the container went', async () => {
    await using container = await managedContainer(mode);
    await using gate = await buildGate(container, 'exec-end');
    for (const [round, code] of [0, 1, 3].entries()) {
      await putBack(container, round === 0 ? undefined : 'kill');
      gate.reset();
      await using call = await container.session(['exit', String(code)], {
        env: { ...impatient, ...gate.env },
      });
      await gate.reached();
      await container.kill();
      gate.open();
      const ended = await call.ended;
      expect([ended.exitCode, container.starts().length], expectAgreement(ended, container)).toEqual([
        code,
        1,
      ]);
    }
  });

  it('a user who is gone at the exec is called by the numbers, and hermes starts once', async () => {
    const numbers = { HERMES_UID: String(hermesUid), HERMES_GID: String(hermesUid) };
    await using container = await managedContainer(mode, { env: numbers });
    // that nothing was started is proven by times in the container, which are told in whole seconds
    const later = Date.now() + 2000;
    await until(() => Date.now() > later, { what: 'the container to be two seconds old' });
    await using gate = await buildGate(container, 'exec');
    await using call = await container.session(['version'], { env: { ...impatient, ...gate.env } });
    await gate.reached();
    await container.exec(['sed', '-i', '/^hermes:/d', '/etc/passwd'], { user: '0' });
    gate.open();
    const ended = await call.ended;
    expect([ended.exitCode, container.starts().length], expectAgreement(ended, container)).toEqual([0, 1]);
    expect(ended.stdout).toContain('Hermes Agent');
  });

  it('a user who vanishes under a running hermes is no reason to start another', async () => {
    const numbers = { HERMES_UID: String(hermesUid), HERMES_GID: String(hermesUid) };
    await using container = await managedContainer(mode, { env: numbers });
    // by the engine's own code for a user that it cannot find
    const code = container.engine === 'docker' ? 126 : 255;
    await using call = await container.session(['sh', '-c', `echo up; read -r _; exit ${code}`], {
      env: impatient,
      stdin: 'pipe',
    });
    await call.waitFor('up');
    await container.exec(['sed', '-i', '/^hermes:/d', '/etc/passwd'], { user: '0' });
    call.stdin?.end('\n');
    const ended = await call.ended;
    expect([ended.exitCode, container.starts().length], expectAgreement(ended, container)).toEqual([code, 1]);
  });

  it('a hermes that removed its note keeps its exit code, whichever it is', async () => {
    await using container = await managedContainer(mode);
    for (const code of [125, 126, 127, 255]) {
      const script = `rm /tmp/.hermes-shim-*/$$ && exit ${code}`;
      expect(await container.hermes(['sh', '-c', script])).toMatchObject({ exitCode: code, stderr: '' });
    }
  });
}, inTurns(distinctModes));

describeModes((mode) => {
  it('before the probe: not started, and said so', async () => {
    await using container = await managedContainer(mode);
    const kinds = ['stop', 'kill', 'remove'] as const;
    for (const [round, mishap] of kinds.entries()) {
      await putBack(container, kinds[round - 1]);
      await mishaps[mishap](container);
      const ended = await container.hermes(['version'], { env: impatient });
      expect(ended.exitCode, expectAgreement(ended, container)).toBe(125);
      expect(ended.stderr).toMatch(saysNotStarted);
    }
  });
}, distinctModes);

describeModes((mode) => {
  it('a hermes that removed its note and lost its user is not started twice', async () => {
    const numbers = { HERMES_UID: String(hermesUid), HERMES_GID: String(hermesUid) };
    await using container = await managedContainer(mode, { env: numbers });
    const code = container.engine === 'docker' ? 126 : 255;
    const script = `rm /tmp/.hermes-shim-*/$$ && echo up; read -r _; exit ${code}`;
    await using call = await container.session(['sh', '-c', script], { env: impatient, stdin: 'pipe' });
    await call.waitFor('up');
    await container.exec(['sed', '-i', '/^hermes:/d', '/etc/passwd'], { user: '0' });
    call.stdin?.end('\n');
    const ended = await call.ended;
    expect(container.starts()).toHaveLength(1);
    expect(ended.stderr).toMatch(/^hermes: container '.*' has no user 'hermes'/m);
  });
}, distinctClientModes);
