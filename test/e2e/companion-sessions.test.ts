import { expect, it } from 'vitest';
import { companion, companionJson, makeOrphan } from '../harness/companion.ts';
import { managedContainer } from '../harness/container.ts';
import { until } from '../harness/host.ts';
import { shim as shimPath } from '../harness/installed.ts';
import { clientModes, describeModes } from '../harness/modes.ts';

type Listed = {
  pid: number;
  args: string[];
  terminal: boolean;
  orphan: boolean;
  hostPid: number;
  hostUser: string | null;
  host: string;
};
type Ps = { sessions: Listed[]; detached: Listed[] };
type Reaped = { ended: Listed[]; left: Listed[]; detachedKept: number };

const commandOf = ({ args }: Listed) => args.join(' ');

describeModes((mode) => {
  it('ps tells a session from an orphan; reap ends the orphan and nothing else', async () => {
    await using container = await managedContainer(mode);
    await using live = await container.session(['sleep', '1001'], { timeoutMs: 300_000 });
    await live.waitFor('ready');
    await using terminal = await container.terminal(['sleep', '1002']);
    await terminal.waitFor('ready');
    await using orphan = await makeOrphan(container, ['trap', 'HUP', '3']);
    const { stdout } = await container.hermes(['daemon']);
    const daemon = Number(stdout.replace('daemon ', ''));

    const ps = await companionJson<Ps>(container, ['ps']);
    const byCommand = new Map(ps.sessions.map((one) => [commandOf(one).replace(/.*hermes /, ''), one]));
    const hostUser = container.caller.name;
    expect(byCommand.get('sleep 1001')).toMatchObject({
      orphan: false,
      hostPid: live.pid,
      hostUser,
      terminal: false,
    });
    expect(byCommand.get('sleep 1002')).toMatchObject({
      orphan: false,
      hostPid: terminal.pid,
      hostUser,
      terminal: true,
    });
    expect(byCommand.get('trap HUP 3')).toMatchObject({
      orphan: true,
      hostPid: orphan.pid,
      hostUser: null,
      host: 'gone',
    });
    expect(ps.sessions).toHaveLength(3);
    expect(ps.detached.map(({ pid }) => pid)).toEqual([daemon]);

    const text = (await companion(container, ['ps'])).stdout;
    expect(text).toMatch(/^PID +AGE +TERMINAL +HOST PID +USER +COMMAND\n/);
    expect(text).toContain('1 orphan: the host process is gone. End with:  hermes-shim reap');

    const tried = await companionJson<Reaped>(container, ['reap', '--dry-run']);
    expect(tried.ended.map(commandOf)).toEqual([expect.stringContaining('trap HUP 3')]);

    const reaped = await companion(container, ['reap']);
    expect(reaped).toMatchObject({ exitCode: 0, stderr: '' });
    expect(reaped.stdout).toContain('Ended 1:');
    expect(reaped.stdout).toContain('1 detached, left alone');
    // it was asked first, not just killed
    // over the API whoever read its output went with its shim
    if (clientModes.includes(mode)) expect(orphan.stdout()).toContain('goodbye HUP');

    const all = await companionJson<Reaped>(container, ['reap', '--detached']);
    expect([all.ended.map(({ pid }) => pid), all.detachedKept]).toEqual([[daemon], 0]);
    const rest = await companionJson<Ps>(container, ['ps']);
    expect(rest.sessions.map(commandOf)).toEqual([
      expect.stringContaining('1001'),
      expect.stringContaining('1002'),
    ]);
    expect(rest.detached).toEqual([]);
  });
});

describeModes(
  (mode) => {
    it('reap in another pid namespace, and of one, leaves live sessions alone: unknown is not gone', async () => {
      await using container = await managedContainer(mode);
      const [hermes, shim] = [await shimPath('hermes'), await shimPath('hermes-shim')];
      const apart = (...argv: string[]) =>
        container.call(['unshare', '--pid', '--fork', '--mount-proc', ...argv], { timeoutMs: 300_000 });
      await using outside = await container.session(['sleep', '1001'], { timeoutMs: 300_000 });
      await using inside = apart(hermes, 'sleep', '1002');
      for (const live of [outside, inside]) await live.waitFor('ready');

      const fromInside = await apart(shim, 'reap').ended;
      expect(fromInside).toMatchObject({ exitCode: 0, stdout: 'No orphans.\n', stderr: '' });
      const fromOutside = await companion(container, ['reap']);
      expect(fromOutside).toMatchObject({ exitCode: 0, stdout: 'No orphans.\n', stderr: '' });

      const { sessions } = await companionJson<Ps>(container, ['ps']);
      const states = sessions.map((one) => [commandOf(one).slice(-4), one.host, one.orphan]).sort();
      expect(states).toEqual([
        ['1001', 'alive', false],
        ['1002', 'unknown', false],
      ]);
      expect((await companion(container, ['ps'])).stdout).toContain('1 started where this user cannot look');
    });

    it('without a /proc of its own namespace, reap calls nobody gone', async () => {
      await using container = await managedContainer(mode);
      const shim = await shimPath('hermes-shim');
      const apart = (...argv: string[]) => container.call(['unshare', '--pid', '--fork', ...argv]);
      // /proc is the outer one's: the same numbers mean other processes
      await using live = apart(await shimPath('hermes'), 'sleep', '1001');
      await live.waitFor('ready');
      expect(await apart(shim, 'reap').ended).toMatchObject({ exitCode: 0, stdout: 'No orphans.\n' });
      expect(await companion(container, ['reap'])).toMatchObject({ exitCode: 0, stdout: 'No orphans.\n' });
    });
  },
  // podman's own exec does not come back in another pid namespace (4.3)
  ['docker'],
);

describeModes(
  (mode) => {
    it('an orphan that ignores the hangup is killed after ten seconds, its children with it', async () => {
      await using container = await managedContainer(mode);
      await using _orphan = await makeOrphan(container, ['ignore', 'HUP', 'TERM']);
      const reaped = await companion(container, ['reap']);
      expect(reaped).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await companionJson<Ps>(container, ['ps'])).toMatchObject({ sessions: [] });
      await container.untilNoGuests();
    });

    it('a host pid that came again does not make an orphan look alive, nor is it ever touched', async () => {
      await using container = await managedContainer(mode);
      await using orphan = await makeOrphan(container, ['trap', 'HUP', '0']);
      // somebody else has the pid by now, as a note that names a live process with another start time says
      const forge = `for n in /tmp/.hermes-shim-hermes/*; do read -r p t i s <$n; echo "$p $t ${process.pid}-1-forged-\${i##*-} $s" >$n; done`;
      expect((await container.exec(['sh', '-c', forge])).code).toBe(0);
      const { sessions } = await companionJson<Ps>(container, ['ps']);
      expect(sessions).toMatchObject([{ orphan: true, hostPid: process.pid, host: 'gone' }]);
      expect(await companion(container, ['reap'])).toMatchObject({ exitCode: 0 });
      if (clientModes.includes(mode))
        await until(() => orphan.stdout().includes('goodbye HUP'), { what: 'the goodbye' });
    });

    it('what a session of somebody alive detached is listed, and left alone even by reap --detached', async () => {
      await using container = await managedContainer(mode);
      await using session = await container.session(['sh', '-c', 'setsid sleep 1003 & echo ready; read x'], {
        stdin: 'pipe',
      });
      await session.waitFor('ready');
      const ps = await companionJson<Ps>(container, ['ps']);
      expect(ps.detached.map(commandOf)).toEqual(['sleep 1003']);
      const reaped = await companionJson<Reaped>(container, ['reap', '--detached']);
      expect([reaped.ended, reaped.detachedKept]).toEqual([[], 1]);
    });

    it('a session is shown as it was typed, and a hostile title moves no cursor and forges no row', async () => {
      await using container = await managedContainer(mode);
      await using shown = await makeOrphan(container, ['trap', 'HUP', '0']);
      const title = "$(printf '\\033[2J\\nforged\\233\\342\\200\\256\\377\\r')";
      const script = `exec sh -c 'echo ready; read x; :' "${title}" chat`;
      await using hostile = await container.session(['sh', '-c', script], { stdin: 'pipe' });
      await hostile.waitFor('ready');
      const texts: string[] = [];
      for (const args of [['ps'], ['reap', '--dry-run'], ['ps', '--json'], ['doctor'], ['reap']])
        texts.push((await companion(container, args)).stdout);
      const [listed = '', tried = '', json = '', , reaped = ''] = texts;
      for (const text of [listed, tried, reaped]) expect(text).toMatch(/ hermes trap HUP 0$/m);
      expect(listed).toContain('\\x1b[2J\\nforged');
      expect(listed).not.toMatch(/^forged/m);
      for (const text of texts) expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
      const { sessions } = JSON.parse(json) as Ps;
      expect(sessions.flatMap(({ args }) => args).join()).toContain('\x1b[2J\nforged\ufffd\u202e');
      await shown.ended;
    });

    it('a title of a megabyte hides nobody', async () => {
      await using container = await managedContainer(mode);
      const script = 'exec sh -c "echo ready; read x; :" $(seq -w 100000 130000)';
      await using one = await container.session(['sh', '-c', script], { stdin: 'pipe' });
      await one.waitFor('ready');
      await using two = await container.session(['sleep', '1001']);
      await two.waitFor('ready');
      const { stdout } = await companion(container, ['ps', '--json']);
      expect(stdout.length).toBeLessThan(100_000);
      expect((JSON.parse(stdout) as Ps).sessions).toHaveLength(2);
    });

    it('without sessions it says so; without a container, why there are none to see', async () => {
      await using container = await managedContainer(mode);
      expect((await companion(container, ['ps'])).stdout).toBe(
        `No sessions in container '${container.name}'.\n`,
      );
      expect((await companion(container, ['reap'])).stdout).toBe('No orphans.\n');
      await container.stop();
      const stopped = await companion(container, ['ps']);
      expect(stopped).toMatchObject({ exitCode: 1, stdout: '' });
      expect(stopped.stderr).toMatch(/^hermes-shim: container '\S+' is not running/);
      const json = await companionJson<{ error: { says: string } }>(container, ['ps']);
      expect(json.error.says).toContain('is not running');
    });
  },
  ['docker'],
);
