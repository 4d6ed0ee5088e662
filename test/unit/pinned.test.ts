/** Which paths name the pin's home, whatever its container has made of it. Real directories, no engine. */
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { decideRoute } from '../../src/route/decide.ts';
import { parseMetadata } from '../../src/route/metadata.ts';
import { pinnedBy, placesOf } from '../../src/route/pinned.ts';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'hermes-shim-pinned-')));
afterAll(() => rmSync(scratch, { recursive: true }));

let root: string;
let state: string;
let home: string;
beforeEach(() => {
  root = mkdtempSync(join(scratch, 'case-'));
  state = join(root, 'lib/hermes');
  home = join(state, '.hermes');
  mkdirSync(join(home, 'profiles/side'), { recursive: true });
  mkdirSync(join(root, 'person'));
});

const decide = (given: string, pinHome = home, env: Record<string, string | undefined> = {}) => {
  const caller = {
    env: { HERMES_HOME: given, ...env },
    uid: 1000,
  };
  const metadata = parseMetadata('exec_user=hermes\n', 'pin');
  return decideRoute(
    caller,
    () => 0,
    () => ({ metadata, home: pinHome, file: 'pin' }),
  );
};

/** Ways by which a person may name the home, made while it stands as it should. */
const aliases: Record<string, () => string> = {
  'its own path': () => home,
  'its own path with a slash at the end': () => `${home}/`,
  'its own path by a detour': () => `${state}/../hermes/./.hermes`,
  'a link': () => link('link', home),
  'a relative link': () => link('relative', '../lib/hermes/.hermes'),
  'two links': () => link('second', link('first', home)),
  'a link to a link to its directory': () => join(link('far', link('near', state)), '.hermes'),
  'a directory above that is a link': () => join(link('above', join(root, 'lib')), 'hermes/.hermes'),
  'a relative link above': () => join(link('beside', '../lib'), 'hermes/.hermes'),
  'a link in the state directory, which leads back': () => link('../lib/hermes/mine', '.hermes'),
  'a link and back up, as the kernel reads it': () => {
    mkdirSync(join(state, 'deep'));
    return `${link('deep', join(state, 'deep'))}/../.hermes`;
  },
  'a link and back up, as a person reads it': () => `${link('../lib/hermes/gone', '/nowhere')}/../.hermes`,
};

function link(name: string, target: string): string {
  const path = join(root, 'person', name);
  symlinkSync(target, path);
  return path;
}

/** What a container can make of its home: it owns the state directory. */
const mischief: Record<string, () => void> = {
  'leaves it alone': () => undefined,
  'removes it': () => rmSync(home, { recursive: true }),
  'moves it away': () => renameSync(home, join(state, 'x')),
  'leaves a file in its place': () => {
    renameSync(home, join(state, 'x'));
    writeFileSync(home, '');
  },
  'leaves a dangling link in its place': () => {
    renameSync(home, join(state, 'x'));
    symlinkSync('/nonexistent/home', home);
  },
  'leaves a link to itself in its place': () => {
    renameSync(home, join(state, 'x'));
    symlinkSync('.hermes', home);
  },
  'leads it elsewhere': () => {
    renameSync(home, join(state, 'x'));
    mkdirSync(join(root, 'elsewhere/profiles/side'), { recursive: true });
    symlinkSync(join(root, 'elsewhere'), home);
  },
};

describe.each(Object.keys(mischief))('a container that takes its home and %s', (deed) => {
  it.each(Object.keys(aliases))('has no say: %s names the pin’s home', async (alias) => {
    const given = aliases[alias]?.() ?? '';
    mischief[deed]?.();
    expect(await decide(given)).toMatchObject({ kind: 'container', file: 'pin', profile: undefined });
    const profile = join(given, 'profiles/side');
    if (!given.includes('..'))
      expect(await decide(profile)).toMatchObject({ kind: 'container', file: 'pin', profile: 'side' });
  });

  it('has none over links to its profiles, over ~/.hermes, and where the pin’s own path has a link in it', async () => {
    const profile = link('profile', join(home, 'profiles/side'));
    const person = join(root, 'person');
    link('.hermes', home);
    const pinHome = join(link('pins', state), '.hermes');
    mischief[deed]?.();
    const pinned = { kind: 'container', file: 'pin' };
    expect(await decide(profile)).toMatchObject({ ...pinned, profile: 'side' });
    const before = process.env.HOME;
    process.env.HOME = person;
    try {
      expect(await decide('')).toMatchObject(pinned);
    } finally {
      process.env.HOME = before;
    }
    for (const given of [home, pinHome, join(person, '.hermes'), join(person, 'pins/.hermes')])
      expect(await decide(given, pinHome), given).toMatchObject(pinned);
    expect(await decide(home, `${dirname(pinHome)}/./.hermes/`)).toMatchObject(pinned);
  });
});

describe('another home, set on purpose', () => {
  it('is not the pin’s business, though its name begins alike, or it lies beside or in the pin’s', async () => {
    for (const other of [`${home}x`, join(state, 'other'), join(home, 'skills'), state, '/']) {
      if (other.startsWith(state)) mkdirSync(other, { recursive: true });
      expect(await decide(other), other).toMatchObject({ kind: 'native' });
    }
  });

  it('does not become the pin’s by the container’s making its home a link to it', async () => {
    const other = join(root, 'other');
    mkdirSync(join(other, 'profiles/side'), { recursive: true });
    writeFileSync(join(other, '.container-mode'), 'container_name=another\n');
    chmodSync(state, 0o2775);
    renameSync(home, join(state, 'x'));
    symlinkSync(other, home);
    for (const given of [other, link('link', other), join(other, 'profiles/side')])
      expect(await decide(given), given).toMatchObject({ metadata: { containerName: 'another' } });
  });

  it('whose links lead in a circle is an error, and nobody goes round in it', async () => {
    link('one', 'two');
    await expect(decide(link('two', 'one'))).rejects.toThrow(/cannot be read \(ELOOP\)/);
  });
});

describe('without a pin', () => {
  const decideWithout = (given: string) =>
    decideRoute(
      {
        env: { HERMES_HOME: given },
        uid: 1000,
      },
      () => 0,
      () => undefined,
    );

  it('`..` behind a link leads where the kernel goes', async () => {
    mkdirSync(join(state, 'workspace'));
    writeFileSync(join(home, '.container-mode'), 'container_name=mine\n');
    const route = await decideWithout(`${link('work', join(state, 'workspace'))}/../.hermes`);
    expect(route).toMatchObject({ metadata: { containerName: 'mine' }, homePath: home });
  });

  it('a link to a profile without metadata of its own, be it there or not, is that profile', async () => {
    writeFileSync(join(home, '.container-mode'), 'container_name=mine\n');
    for (const profile of ['side', 'none']) {
      const route = await decideWithout(link(profile, join(home, 'profiles', profile)));
      expect(route).toMatchObject({ metadata: { containerName: 'mine' }, homeRoot: home, profile });
    }
  });
});

describe('the place where a pin’s home belongs', () => {
  it('has the name in the pin and those without the links above it', () => {
    const pinHome = join(link('pins', state), '.hermes');
    // whoever made a link above it: that it leads to the home is what the pin says
    chmodSync(join(root, 'person'), 0o777);
    expect([...placesOf(pinHome)]).toEqual([pinHome, home]);
    expect([...placesOf(home)]).toEqual([home]);
    expect([...placesOf(`${state}/./.hermes/`)]).toEqual([`${state}/./.hermes/`, home]);
  });

  it('is not where a home leads that somebody else made a link, or could have', () => {
    renameSync(home, join(state, 'x'));
    symlinkSync(join(root, 'other'), home);
    chmodSync(state, 0o777); // root's link or not, here it can be exchanged
    expect([...placesOf(home)]).toEqual([home]);
    chmodSync(state, 0o755);
    if (process.getuid?.() === 0) lchownSync(home, 1000, 1000);
    expect([...placesOf(home)]).toEqual([home]);
  });

  it('is also where root’s own link leads, which nobody else can exchange', () => {
    const { uid, mode } = statSync('/dev');
    expect([uid, mode & 0o22, lstatSync('/dev/fd').uid]).toEqual([0, 0, 0]);
    expect([...placesOf('/dev/fd')]).toEqual(['/dev/fd', '/proc/self/fd', `/proc/${process.pid}/fd`]);
  });

  it('is named by a path itself or below profiles/, and by nothing else', () => {
    const pinned = (path: string) => pinnedBy({ home }, path);
    expect(pinned(home)).toEqual({ profile: undefined });
    expect(pinned(join(home, 'profiles/side'))).toEqual({ profile: 'side' });
    for (const other of [state, join(home, 'profiles'), join(home, 'profiles/side/x'), join(home, 'side')])
      expect(pinned(other), other).toBeUndefined();
    const pinHome = join(link('pins', state), '.hermes');
    expect(pinnedBy({ home: pinHome }, join(home, 'profiles/side'))).toEqual({ profile: 'side' });
    expect(pinnedBy({ home: pinHome }, join(state, 'other'))).toBeUndefined();
  });
});
