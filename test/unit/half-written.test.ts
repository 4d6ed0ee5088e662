import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { decideRoute } from '../../src/route/decide.ts';
import { isHalfWritten } from '../../src/route/half-written.ts';

const now = 1_000_000_000;
const half = (text: string, ageMs = 0) => isHalfWritten({ file: '/f', text, changedMs: now - ageMs }, now);
const whole = 'backend=docker\ncontainer_name=hermes-agent\n';

describe('metadata that is being written', () => {
  it('is fresh and empty, without a key, or cut off within a line', () => {
    for (const text of [
      '',
      '\n',
      '# Written by NixOS activation script.\n',
      'backend=docker\ncontainer_na',
      'hermes_bin=/data/cur',
    ])
      expect(half(text), text).toBe(true);
  });

  it('is not what ends as it should, with any key', () => {
    for (const text of [whole, `\ufeff${whole}`, '  exec_user = hermes\r\n', 'backend=nonsense\n'])
      expect(half(text), text).toBe(false);
  });

  it('is not what nobody touched for 2 s, nor what comes from the future', () => {
    expect(half('', 1999)).toBe(true);
    expect(half('', 2000)).toBe(false);
    expect(half('', -60_000)).toBe(false);
  });
});

describe('metadata that is not there', () => {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'hermes-shim-unit-')));
  afterAll(() => rmSync(scratch, { recursive: true }));
  let state: string;
  let home: string;
  beforeEach(() => {
    state = mkdtempSync(join(scratch, 'state-'));
    home = join(state, '.hermes');
    mkdirSync(join(home, 'profiles/side'), { recursive: true });
  });
  const decide = (path = home, patienceMs = 0) =>
    decideRoute(
      {
        env: { HERMES_HOME: path },
        uid: 1000,
      },
      () => patienceMs,
      () => undefined,
    );
  /** Whoever waits for nothing is done before the loop turns. */
  const isWaiting = (route: Promise<unknown>) => Promise.race([route.then(() => false), turn(true)]);
  const inContainerMode = () => writeFileSync(join(state, '.container-identity'), '0123\n');

  it('is waited for by no call where there never was a container, though a gateway writes there all the time', async () => {
    for (let n = 0; n < 20; n++) {
      writeFileSync(join(home, `gateway-${n}`), '');
      for (const path of [home, join(home, 'profiles/side')])
        expect(await isWaiting(decide(path))).toBe(false);
    }
  });

  it.each([
    ['the container’s identity', '.container-identity', '.hermes'],
    ['the package’s link', 'current-package', '.hermes'],
    [
      'the launcher of a declared profile',
      '.hermes/profiles/side/.container-launcher',
      '.hermes/profiles/side',
    ],
  ])('is waited for where there is %s, and found when it is written', async (_, trace, at) => {
    symlinkSync('/nonexistent/package', join(state, trace));
    const [draft, path] = [join(state, 'draft'), join(state, at)];
    writeFileSync(draft, 'container_name=mine\n');
    writeFileSync(join(path, 'fresh'), '');
    const route = decide(path);
    expect(await isWaiting(route)).toBe(true);
    renameSync(draft, join(path, '.container-mode'));
    expect(await route).toMatchObject({ kind: 'container', metadata: { containerName: 'mine' } });
  });

  it('of a profile that has none of its own is waited for by no call: the root’s counts at once', async () => {
    inContainerMode();
    writeFileSync(join(home, '.container-mode'), 'container_name=mine\n');
    writeFileSync(join(home, 'profiles/side/gateway'), '');
    const route = decide(join(home, 'profiles/side'));
    expect(await isWaiting(route)).toBe(false);
    expect(await route).toMatchObject({ kind: 'container', profile: 'side' });
  });

  it('is waited for by no call where nobody touched the home for 2 s', async () => {
    inContainerMode();
    const then = Date.now() / 1000 - 2.5;
    utimesSync(home, then, then);
    expect(await isWaiting(decide())).toBe(false);
  });

  it.each(['', '# Written by', 'backend=docker\ncontainer_na'])(
    'entirely, but only %j of it, is read again until it is whole, and not for longer than one waits',
    async (half) => {
      const file = join(home, '.container-mode');
      writeFileSync(file, half);
      expect(await decide()).toMatchObject({
        kind: 'container',
        metadata: { containerName: 'hermes-agent' },
      });
      const route = decide(home, 60_000);
      expect(await isWaiting(route)).toBe(true);
      writeFileSync(file, 'container_name=mine\n');
      expect(await route).toMatchObject({ kind: 'container', metadata: { containerName: 'mine' } });
    },
  );
});
