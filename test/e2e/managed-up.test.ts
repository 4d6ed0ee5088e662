import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kept, makingWays } from '../harness/kept.ts';
import { describeModes } from '../harness/modes.ts';

const modeOf = (file: string) => (statSync(file).mode & 0o7777).toString(8);

describeModes((way) => {
  it('from a file to hermes in a container with one command, in the layout of the guide', async () => {
    await using machine = await kept(way);
    machine.declare('settings:\n  model:\n    default: anthropic/claude-sonnet-4\n');
    const { stdout, stderr } = await machine.up();
    expect(stderr).toBe('');
    expect(stdout).toContain('create the container');
    expect(stdout).toContain('hermes chat');
    const version = await machine.hermes(['version']);
    expect(version).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readlinkSync(join(machine.stateDir, 'current-package'))).toBe(machine.packageDir);
    expect(readFileSync(join(machine.home, 'config.yaml'), 'utf8')).toBe(
      'model:\n  default: anthropic/claude-sonnet-4\n',
    );
    expect(modeOf(join(machine.home, '.container-mode'))).toBe('644');
    expect(readFileSync(join(machine.home, '.container-mode'), 'utf8')).toContain('exec_user=hermes');
    expect(existsSync(join(machine.stateDir, '.container-identity'))).toBe(true);
    if (machine.caller.uid !== 0)
      expect(lstatSync(join(machine.person, '.hermes')).isSymbolicLink()).toBe(true);
    const again = await machine.up();
    expect(again.stdout).not.toContain('container');
  });
}, makingWays);
