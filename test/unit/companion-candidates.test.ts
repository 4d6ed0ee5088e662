/** Which engine is asked for running containers, and by which way: fakes of docker and sudo, no engine. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { searchContainers } from '../../src/companion/candidates.ts';
import type { Caller } from '../../src/route/caller.ts';
import { fakeEngine } from '../harness/fakes.ts';
import './scratch.ts';

const id = 'a'.repeat(64);
const inspected = JSON.stringify([
  {
    Id: id,
    Name: '/hermes',
    Config: { Env: ['HERMES_HOME=/opt/data'] },
    Mounts: [{ Type: 'bind', Source: '/home/me/.hermes', Destination: '/opt/data', RW: true }],
  },
]);
const refusal = 'permission denied while trying to connect to the Docker daemon socket';

/** What a user finds for whom docker answers only `to` this way of asking. */
async function search(to: 'direct' | 'sudo' | 'nobody') {
  const dir = mkdtempSync(join(tmpdir(), 'candidates-'));
  const answers = { direct: 'true', sudo: '[ -n "$BY_SUDO" ]', nobody: 'false' }[to];
  fakeEngine(
    dir,
    'docker',
    `${answers} || { echo '${refusal}' >&2; exit 1; }
[ "$1" = ps ] && echo ${id} || printf %s '${inspected}'`,
  );
  fakeEngine(dir, 'sudo', `while [ "\${1#-}" != "$1" ]; do shift; done; BY_SUDO=1 exec "$@"`);
  const caller = { env: { PATH: `${dir}:/usr/bin:/bin` }, uid: 1000 } as unknown as Caller;
  return searchContainers(caller, '/home/me/.hermes', 1000, {
    backend: 'docker',
    realPath: (path) => path,
  });
}

describe('docker is asked', () => {
  it('by sudo, too, where it refuses this user', async () => {
    const { candidates, silent } = await search('sudo');
    expect(candidates.map(({ container, via, why }) => [container.name, via.access.kind, why])).toEqual([
      ['hermes', 'sudo', undefined],
    ]);
    expect(silent).toEqual([]);
  });

  it('once where it answers: it has one daemon', async () => {
    const { candidates, silent } = await search('direct');
    expect([candidates.map(({ via }) => via.access.kind), silent]).toEqual([['direct'], []]);
  });

  it('in vain where nobody is let in, and each refusal is told', async () => {
    const { candidates, silent } = await search('nobody');
    expect([candidates, silent]).toEqual([[], [`docker: ${refusal}`, `sudo docker: ${refusal}`]]);
  });
});
