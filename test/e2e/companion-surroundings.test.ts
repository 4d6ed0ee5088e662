/** What doctor says of the surroundings of hermes in the official image, and that following its advice mends it. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { companion } from '../harness/companion.ts';
import { checkOf, complete, doctor, fixOf, follow, type Report, troubles } from '../harness/doctor.ts';
import { describeModes } from '../harness/modes.ts';
import { leaveRootsFile, numbersOf, officialContainer } from '../harness/official.ts';

const status = (report: Report, check: string) => checkOf(report, check).status;

describeModes(
  (mode) => {
    it('files that root left in the home are named, and mended by one chown', async () => {
      await using container = await officialContainer(mode);
      await companion(container, ['enable']);
      const options = complete(container);
      expect(troubles(await doctor(container, options))).toEqual([]);
      leaveRootsFile(container, 'auth.json');
      const spoilt = await doctor(container, options);
      expect(checkOf(spoilt, 'files')).toMatchObject({
        status: 'warning',
        says: 'hermes cannot read or write auth.json in the home',
      });
      const mended = await follow(container, fixOf(spoilt, 'files', 'mend it'), options);
      expect(status(mended, 'files')).toBe('ok');
      expect(statSync(join(container.home, 'auth.json')).uid).toBe(statSync(container.home).uid);
    });

    it('a second gateway on the same home is named, and stopped by what is advised', async () => {
      await using container = await officialContainer(mode);
      await companion(container, ['enable', '--container', container.name]);
      const name = `${container.name}-again`;
      const { Image } = (await container.inspect()).Config as { Image: string };
      // with the same numbers: without them it would take the home away from this user, too
      const numbers = Object.entries(numbersOf(mode).env).flatMap(([key, value]) => [
        '-e',
        `${key}=${value}`,
      ]);
      const run = ['run', '-d', '--name', name, '--network=host', '-v', `${container.home}:/opt/data`];
      await container.engineCli([...run, ...numbers, Image, 'gateway', 'run']);
      const twice = await doctor(container, complete(container));
      expect(checkOf(twice, 'gateways')).toMatchObject({
        status: 'warning',
        says: `'${name}' runs a gateway on this very home, which spoils its database`,
      });
      const once = await follow(container, fixOf(twice, 'gateways', 'stop it'));
      await container.engineCli(['rm', '-f', name]);
      expect(status(once, 'gateways')).toBe('ok');
    });

    it('root as the exec_user, a directory outside the safe root and a bridge network are warned of', async () => {
      await using container = await officialContainer(mode);
      const projects = join(container.root, 'projects');
      mkdirSync(projects);
      const network = `${container.name}-bridge`;
      await container.engineCli(['network', 'create', network]);
      await using other = await officialContainer(mode, {
        network,
        mounts: [{ source: projects, destination: '/projects' }],
      });
      await companion(other, ['enable', '--user', 'root', '--bin', '/opt/hermes/.venv/bin/hermes']);
      const report = await doctor(other, complete(other));
      expect(troubles(report)).toEqual(['user warning', 'writing warning', 'network warning']);
      expect(checkOf(report, 'user').says).toBe(
        'root is root in there: what hermes makes in the home belongs to root',
      );
      expect(fixOf(report, 'writing', 'make it again with')).toBe(
        '-e HERMES_WRITE_SAFE_ROOT=/opt/data:/projects',
      );
      const again = await follow(other, fixOf(report, 'user', 'run it as who owns the home'));
      expect(checkOf(again, 'user').status).toBe('ok');
      await other.remove();
      await container.engineCli(['network', 'rm', network]);
    });
  },
  ['docker'],
);
