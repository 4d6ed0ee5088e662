import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { findEngine } from '../../scripts/demo/engine.ts';
import type { RunRecord } from '../../scripts/engines/record.ts';
import { fakeEngine } from '../harness/fakes.ts';

/** Nothing of it may be touched: no engine gets so far. */
const record = {} as RunRecord;
const dir = mkdtempSync(join(tmpdir(), 'demo-engine-'));

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

it('an ordinary user without a usable engine is told why, engine by engine, and what to do', async () => {
  const refusal = 'permission denied while trying to connect to the Docker daemon socket';
  fakeEngine(dir, 'docker', `echo '${refusal}' >&2; exit 1`);
  vi.stubEnv('PATH', dir);
  vi.stubEnv('DOCKER_HOST', undefined);
  const found = findEngine(
    record,
    () => {},
    () => {},
    false,
  );
  await expect(found).rejects.toThrow(
    [
      'there is no engine to show anything with',
      `  docker: ${refusal}`,
      '  podman: not installed',
      '  what to do: let docker or podman start containers for this user, and try again;',
      '              or call the demo as root on Debian or Ubuntu: it then runs an engine of its own',
    ].join('\n'),
  );
});

it('an engine of another machine is not taken: its containers could not see the home', async () => {
  fakeEngine(dir, 'docker', 'exit 0');
  vi.stubEnv('PATH', dir);
  vi.stubEnv('DOCKER_HOST', 'ssh://elsewhere');
  const found = findEngine(
    record,
    () => {},
    () => {},
    false,
  );
  await expect(found).rejects.toThrow('  docker: it runs on another machine (ssh://elsewhere)');
});

it('where neither engine is installed, both are named', async () => {
  vi.stubEnv('PATH', dir);
  const found = findEngine(
    record,
    () => {},
    () => {},
    false,
  );
  await expect(found).rejects.toThrow(/\n {2}docker: not installed\n {2}podman: not installed\n/);
});
