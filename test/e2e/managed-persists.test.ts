/** The guide's table "What Persists Across What", row by row, and what comes of each row here. */
import { readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Kept, kept, makePackage, makingWays } from '../harness/kept.ts';
import { describeModes, engines, inTurns } from '../harness/modes.ts';

/** Leaves a trace in each of the three places: state, agent's home, the container's own layer. */
async function leaveTraces(machine: Kept, homeInside = '/home/hermes') {
  const places = { state: '$HERMES_HOME/trace', home: `${homeInside}/trace`, layer: '/usr/local/trace' };
  const write = async (user: string, place: string) =>
    machine.engine(['exec', '-u', user, machine.name, 'sh', '-c', `echo here >${place}`]);
  await write('hermes', places.state);
  await write('hermes', places.home);
  await write('0', places.layer);
  const id = await machine.id();
  return async () => {
    const look = (place: string) => `[ -e ${place} ] && echo yes || echo no`;
    const script = Object.values(places).map(look).join('; ');
    const said = await machine.engine(['exec', '-u', '0', machine.name, 'sh', '-c', script]);
    const [state, home, layer] = said.split('\n').map((word) => word.trim() === 'yes');
    return { recreated: (await machine.id()) !== id, state, home, layer };
  };
}

const stays = { recreated: false, state: true, home: true, layer: true };
const anew = { recreated: true, state: true, home: true, layer: false };

describeModes((way) => {
  it('what persists across what is as the guide has it', async () => {
    await using machine = await kept(way);
    // the package is a link beside its versions, as a profile is
    makePackage(join(machine.root, 'store/hermes-2'));
    writeFileSync(join(machine.root, 'store/hermes-2/bin/version-2'), '');
    const link = join(machine.root, 'store/current');
    symlinkSync('hermes-1', link);
    const declare = (lines = '') => {
      machine.declare(lines);
      const text = readFileSync(machine.file, 'utf8');
      writeFileSync(machine.file, text.replace(`package: ${machine.packageDir}`, `package: ${link}`));
    };
    declare();
    await machine.up();
    const now = await leaveTraces(machine);
    const owner = machine.caller.uid === 0 ? engines.callerUser.uid : machine.caller.uid;
    // what hermes makes belongs to whom the file says, never to root
    expect(statSync(join(machine.home, 'trace')).uid).toBe(owner);
    const table: [string, object][] = [];
    const row = async (event: string, happen: () => Promise<unknown>) => {
      await happen();
      table.push([event, await now()]);
    };
    await row('hermes-shim restart', () => machine.shim(['restart']));
    await row('hermes-shim up, nothing to do', () => machine.up());
    await row('another package', async () => {
      symlinkSync('hermes-2', `${link}.new`);
      renameSync(`${link}.new`, link);
      await machine.up();
      const there = await machine.engine(['exec', machine.name, 'ls', '/data/current-package/bin']);
      expect(there).toContain('version-2');
    });
    await row('host reboot', async () => {
      await machine.engine(['stop', '-t', '2', machine.name]);
      await machine.up();
    });
    await row('environment', async () => {
      declare('environment:\n  TZ: UTC\n');
      expect((await machine.up()).stdout).toContain('hermes-shim restart');
      expect(await machine.engine(['exec', machine.name, 'cat', '/data/.hermes/.env'])).toContain('TZ=UTC');
    });
    await row('settings and documents', async () => {
      declare('environment:\n  TZ: UTC\nsettings: {a: 1}\ndocuments: {USER.md: me}\n');
      await machine.up();
      expect(await machine.engine(['exec', machine.name, 'cat', '/data/workspace/USER.md'])).toBe('me');
    });
    expect(table).toEqual([
      ['hermes-shim restart', stays],
      ['hermes-shim up, nothing to do', stays],
      ['another package', stays],
      ['host reboot', stays],
      ['environment', stays],
      ['settings and documents', stays],
    ]);
  });

  it('a change of options, volumes or image makes a new container, after asking: its own layer is lost', async () => {
    await using machine = await kept(way);
    machine.declare('');
    await machine.up();
    const changes = {
      options: 'container:\n  extraOptions: ["--hostname=other"]\n',
      volumes: `container:\n  extraVolumes: ["${machine.person}:/projects:ro"]\n`,
      image: `container:\n  image: ${engines.images.busybox}\n`,
    };
    for (const lines of Object.values(changes)) {
      const now = await leaveTraces(machine);
      machine.declare(lines);
      const refused = await machine.shim(['up']);
      expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
      expect(refused.stderr).toMatch(
        /replace the container: .*apt, pip, npm\) is lost[\s\S]*hermes-shim up .*--yes/,
      );
      expect(await now()).toEqual(stays);
      await machine.up(['--yes']);
      expect(await now()).toEqual(anew);
    }
    const names = await machine.engine(['ps', '-a', '--format', '{{.Names}}']);
    expect(names.split('\n').filter((name) => name.startsWith(machine.name))).toEqual([machine.name]);
    expect((await machine.hermes(['version'])).exitCode).toBe(0);
    expect((await machine.up()).stdout).toContain('everything is as it should be');
  });

  it('in the official image it is the same', async () => {
    await using machine = await kept(way);
    machine.declare('', 'official');
    await machine.up();
    for (const name of ['hermes', 'hermes-agent'])
      expect(await machine.sh(`${name} version`), name).toMatchObject({ exitCode: 0, stderr: '' });
    const now = await leaveTraces(machine, '/opt/data');
    await machine.shim(['restart']);
    expect(await now()).toEqual(stays);
    machine.declare('environment: {TZ: UTC}\n', 'official');
    await machine.up();
    expect(await now()).toEqual(stays);
    const made = await machine.shim(['recreate', '--yes']);
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await now()).toEqual(anew);
  });
}, inTurns(makingWays));
