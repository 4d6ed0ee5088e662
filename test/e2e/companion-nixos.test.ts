import { join } from 'node:path';
import { expect, it } from 'vitest';
import { managedContainer } from '../harness/container.ts';
import { checkOf, complete, fixOf, type Report, troubles } from '../harness/doctor.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { installShim } from '../harness/installed.ts';
import type { ManagedContainer } from '../harness/managed-container.ts';
import { describeModes, engines } from '../harness/modes.ts';
import { callWithView, type View } from '../harness/view.ts';

const pinFile = '/etc/hermes-shim/container-mode';

const pinOf = (container: ManagedContainer) =>
  [
    `hermes_home=${container.home}`,
    'backend=docker',
    `container_name=${container.name}`,
    'exec_user=hermes',
    'hermes_bin=/data/current-package/bin/hermes',
    '',
  ].join('\n');

/** Runs a script in the caller's shell, on a machine that has these files. */
async function on(view: View, container: ManagedContainer, script: string, env = {}) {
  await installShim();
  return callWithView(container.caller, view, ['/bin/sh', '-c', script], { env }).ended;
}

async function doctorOn(view: View, container: ManagedContainer, env: object, first = ':'): Promise<Report> {
  const { stdout, stderr } = await on(view, container, `${first}\nhermes-shim doctor --json`, env);
  const begin = stdout.indexOf('{\n');
  if (begin < 0) throw new Error(`no JSON: ${stdout}${stderr}`);
  return JSON.parse(stdout.slice(begin)) as Report;
}

describeModes(
  (mode) => {
    it.runIf(engines.asRoot)('a pin decides, and enable says that it would change nothing', async () => {
      await using container = await managedContainer(mode, { metadata: false });
      const { env = {} } = complete(container);
      const view = { files: { [pinFile]: pinOf(container) } };
      const report = await doctorOn(view, container, env);
      expect([report.ok, troubles(report)]).toEqual([true, []]);
      expect(checkOf(report, 'pin').says).toBe(`${pinFile} speaks for ${container.home}`);
      expect(checkOf(report, 'metadata').says).toContain('the pin decides');
      const refused = await on(view, container, 'hermes-shim enable', env);
      expect(refused).toMatchObject({
        exitCode: 1,
        stdout: '',
        stderr: expect.stringContaining('speaks for'),
      });
    });

    it.runIf(engines.asRoot)('a pin that others can write is told, and the advice repairs it', async () => {
      await using container = await managedContainer(mode);
      const { env = {} } = complete(container);
      const view = { files: { [pinFile]: { text: pinOf(container), mode: 0o666 } } };
      const report = await doctorOn(view, container, env);
      expect(troubles(report)).toEqual(['pin failed']);
      expect(checkOf(report, 'home').says).toBe('not checked, because the pin cannot be used');
      const mended = await doctorOn(view, container, env, fixOf(report, 'pin', 'repair it'));
      expect([mended.ok, troubles(mended)]).toEqual([true, []]);
    });

    it.runIf(engines.asRoot)('on NixOS the advice is the option or the unit to name', async () => {
      await using container = await managedContainer(mode);
      const { env = {} } = complete(container);
      const nixos = { files: { '/etc/NIXOS': '' } };
      const dir = join(container.root, 'other');
      fakeEngine(dir, 'hermes', 'echo other');
      const shadowed = await doctorOn(nixos, container, env, `export PATH=${dir}:"$PATH"`);
      expect(fixOf(shadowed, 'path', 'on NixOS')).toBe('programs.hermes-shim.enable = true;');
      const homeless = await doctorOn(nixos, container, { ...env, HOME: dir });
      expect(fixOf(homeless, '~/.hermes', 'on NixOS')).toBe(
        'services.hermes-agent.container.hostUsers = [ "<user>" ]; sudo nixos-rebuild switch',
      );
      await container.stop();
      const stopped = await doctorOn(nixos, container, env);
      expect(fixOf(stopped, 'running', 'start it')).toBe('sudo systemctl start hermes-agent');
    });
  },
  ['docker'],
);
