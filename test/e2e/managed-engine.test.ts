/** What an engine says beside its answer, and what else it has, lead nobody astray. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findCommand } from '../../scripts/engines/command.ts';
import { kept } from '../harness/kept.ts';
import { describeModes } from '../harness/modes.ts';

describeModes(() => {
  it('warnings of the client are no answer: every command works beside them', async () => {
    await using machine = await kept('docker');
    machine.declare('');
    writeFileSync(
      join(machine.root, 'bin/docker'),
      `#!/bin/sh\necho 'WARNING: Error loading config file: open /root/.docker/config.json: permission denied' >&2\nexec ${findCommand('docker')} "$@"\n`,
      { mode: 0o755 },
    );
    await machine.up();
    for (const command of [['status'], ['down'], ['up'], ['restart'], ['logs'], ['shell', '--', 'true']])
      expect([command, await machine.shim(command)]).toEqual([
        command,
        expect.objectContaining({ exitCode: 0 }),
      ]);
  });

  it('an image that has the name of the container is not taken for it, nor the other way round', async () => {
    await using machine = await kept('docker');
    await machine.engine(['tag', machine.images.official, machine.name]);
    try {
      machine.declare('', 'official');
      await machine.up();
      const id = await machine.id();
      expect((await machine.up()).stdout).toContain('everything is as it should be');
      machine.declare(`container:\n  image: ${machine.name}\n`, 'official');
      await machine.up(['--yes']);
      expect(await machine.id()).not.toBe(id);
      // what the name means now is another image, though a container has it, too
      await machine.engine(['tag', machine.images.package, machine.name]);
      const { stdout } = await machine.shim(['up', '--dry-run']);
      expect(stdout).toContain('means another image now');
    } finally {
      await machine.engine(['rmi', machine.name]);
    }
  });
}, ['docker']);
