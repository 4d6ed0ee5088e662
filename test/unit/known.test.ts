/** What the shim remembers of containers: what counts, and what does not. Real files, no engine. */
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { EngineAccess } from '../../src/engine/access.ts';
import { fileOf, formatEntry, keyOf, parseEntry } from '../../src/engine/known/entry.ts';
import { knownDirectory, readKnown, removeKnown, writeKnown } from '../../src/engine/known/file.ts';
import { entryPlaceOf, forget, recall, remember } from '../../src/engine/known/known.ts';
import type { ContainerRoute } from '../../src/route/decide.ts';
import { parseMetadata } from '../../src/route/metadata.ts';
import { containerLike } from './containers.ts';

const uid = process.getuid?.() ?? 0;
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'hermes-shim-known-')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const via: EngineAccess = { engine: 'podman', binary: '/usr/bin/podman', access: { kind: 'direct' } };
const byName = {
  via,
  endpoint: { kind: 'default' },
  containerName: 'hermes-agent',
  home: { path: '/home', inode: '1:2' },
} as const;

describe('an entry', () => {
  const container = containerLike({
    env: new Map([
      ['HERMES_HOME', '/data/.hermes'],
      ['TOKEN', 'secret'],
    ]),
    volumes: [{ name: 'v', destination: '/v', writable: true }],
    workingDir: '/data',
  });
  const entry = { container, execUser: 'hermes', user: '1000:1000' };
  const text = formatEntry('key', entry) ?? '';

  it('says again what a session needs, and no variable that nobody reads', () => {
    const again = parseEntry(text, 'key');
    const { binds, destinations, volumes, workingDir, id, name } = container;
    expect(again).toMatchObject({ execUser: 'hermes', user: '1000:1000' });
    expect(again?.container).toMatchObject({ binds, destinations, volumes, workingDir, id, name });
    expect(again?.container.state.startedMs).toBe(container.state.startedMs);
    expect([...(again?.container.env ?? [])]).toEqual([['HERMES_HOME', '/data/.hermes']]);
    expect(text).not.toContain('secret');
  });

  it('is none where anything in it is not as it is written', () => {
    const json = JSON.parse(text);
    const damaged: Record<string, readonly unknown[]> = {
      key: ['other', undefined],
      id: ['a'.repeat(12), 'A'.repeat(64), `${'a'.repeat(64)} `, '-it', 7, undefined],
      name: [7, undefined],
      execUser: [7, undefined],
      user: ['--privileged', 7, undefined],
      startedMs: ['now', null],
      env: [{}, [['HERMES_HOME']], [['HERMES_HOME', 1]], ['HERMES_HOME'], undefined],
      binds: [{}, [{}], [{ source: 'a', destination: '/b', writable: true }], [null], undefined],
      destinations: [['relative'], [1], 'all', undefined],
      volumes: [[{ name: 'v', destination: '/v' }], undefined],
      workingDir: [1, undefined],
    };
    expect(Object.keys(damaged).sort()).toEqual(Object.keys(json).sort());
    for (const [field, values] of Object.entries(damaged))
      for (const value of values)
        expect([field, value, parseEntry(JSON.stringify({ ...json, [field]: value }), 'key')]).toEqual([
          field,
          value,
          undefined,
        ]);
    for (const other of ['', 'null', '[]', '"text"', text.slice(0, -3), `${text}x`])
      expect(parseEntry(other, 'key')).toBeUndefined();
  });

  it('is not written where it would be too large', () => {
    const binds = Array.from({ length: 2000 }, (_, n) => ({
      source: `/some/directory/${n}`,
      destination: `/d/${n}`,
      writable: true,
    }));
    expect(formatEntry('key', { ...entry, container: { ...container, binds } })).toBeUndefined();
  });

  it('is another for another engine, access, endpoint, name or home, and for a home that was replaced', () => {
    const sudo = { kind: 'sudo', tool: 'sudo', binary: '/usr/bin/sudo' } as const;
    const keys = [
      byName,
      { ...byName, via: { ...via, engine: 'docker' as const } },
      { ...byName, via: { ...via, binary: '/opt/podman' } },
      { ...byName, via: { ...via, access: sudo } },
      { ...byName, via: { ...via, access: { ...sudo, tool: 'doas' as const } } },
      { ...byName, endpoint: { kind: 'address' as const, address: 'unix:///x' } },
      { ...byName, containerName: 'other' },
      { ...byName, home: { path: '/other', inode: '1:2' } },
      { ...byName, home: { path: '/home', inode: '1:3' } },
      { ...byName, home: { name: '/home', home: '1:2' } },
    ].map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(keys.map(fileOf)).size).toBe(keys.length);
    expect(fileOf(keys[0] ?? '')).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the file of an entry', () => {
  let runtime: string;
  let directory: string;
  let file: string;
  beforeEach(() => {
    runtime = mkdtempSync(join(scratch, 'run-'));
    directory = join(runtime, 'hermes-shim');
    file = join(directory, 'entry');
    writeKnown(directory, 'entry', 'text\n', uid);
  });
  const read = () => readKnown(directory, 'entry', uid);

  it('is the user’s alone, and can be read again and taken away', () => {
    expect([read(), statSync(directory).mode & 0o7777, statSync(file).mode & 0o7777]).toEqual([
      'text\n',
      0o700,
      0o600,
    ]);
    expect(readdirSync(directory)).toEqual(['entry']);
    writeKnown(directory, 'entry', 'another\n', uid);
    expect(read()).toBe('another\n');
    removeKnown(directory, 'entry', uid);
    expect([read(), readdirSync(directory)]).toEqual([undefined, []]);
  });

  const damages: Record<string, () => void> = {
    'may be read by others': () => chmodSync(file, 0o644),
    'may be written by others': () => chmodSync(file, 0o622),
    'may be executed': () => chmodSync(file, 0o700),
    'is a link': () => {
      renameSync(file, join(runtime, 'elsewhere'));
      symlinkSync(join(runtime, 'elsewhere'), file);
    },
    'has a second name': () => linkSync(file, join(runtime, 'second')),
    'is a directory': () => {
      rmSync(file);
      mkdirSync(file, { mode: 0o600 });
    },
    'is too large': () => writeFileSync(file, ' '.repeat(64 * 1024 + 1)),
    'lies in a directory that others may enter': () => chmodSync(directory, 0o755),
    'lies behind a link': () => {
      renameSync(directory, join(runtime, 'elsewhere'));
      symlinkSync(join(runtime, 'elsewhere'), directory);
    },
    'lies below a directory that others may write': () => chmodSync(runtime, 0o777),
  };
  it.each(Object.keys(damages))('does not count where it %s', (damage) => {
    damages[damage]?.();
    expect(read()).toBeUndefined();
  });

  it.runIf(uid === 0)('does not count where it, or a directory above it, is somebody else’s', () => {
    chownSync(file, 12345, 0);
    expect(read()).toBeUndefined();
    chownSync(file, 0, 0);
    chownSync(directory, 12345, 0);
    expect(read()).toBeUndefined();
    chownSync(directory, 0, 0);
    expect(read()).toBe('text\n');
    chownSync(runtime, 12345, 0);
    expect(read()).toBeUndefined();
  });

  it('is not written through a link, nor into a directory that others may enter; a link in its place goes', () => {
    const target = join(runtime, 'target');
    writeFileSync(target, 'untouched');
    rmSync(file);
    symlinkSync(target, file);
    writeKnown(directory, 'entry', 'new\n', uid);
    expect([read(), readFileSync(target, 'utf8')]).toEqual(['new\n', 'untouched']);
    chmodSync(directory, 0o755);
    writeKnown(directory, 'entry', 'newer\n', uid);
    expect(readFileSync(file, 'utf8')).toBe('new\n');
    writeKnown(join(runtime, 'not/there'), 'entry', 'text\n', uid);
    expect(readdirSync(runtime).sort()).toEqual(['hermes-shim', 'target']);
  });

  it('does not pile up', () => {
    for (let n = 0; n < 70; n += 1) writeKnown(directory, `entry-${n}`, 'text\n', uid);
    expect(readdirSync(directory).length).toBeLessThanOrEqual(64);
    expect(readKnown(directory, 'entry-69', uid)).toBe('text\n');
  });

  it('lies in the user’s runtime directory, root’s in /run', () => {
    expect(knownDirectory({ XDG_RUNTIME_DIR: '/somewhere' }, 0)).toBe('/run/hermes-shim');
    expect(knownDirectory({ XDG_RUNTIME_DIR: '/somewhere' }, 7)).toBe('/somewhere/hermes-shim');
    expect(knownDirectory({}, 7)).toBe('/run/user/7/hermes-shim');
    expect(knownDirectory({ XDG_RUNTIME_DIR: 'relative' }, 7)).toBe('/run/user/7/hermes-shim');
  });
});

describe('a known container', () => {
  const runtime = mkdtempSync(join(scratch, 'run-'));
  const state = mkdtempSync(join(scratch, 'state-'));
  const home = join(state, '.hermes');
  mkdirSync(home);
  const metadata = parseMetadata('container_name=hermes-agent\nexec_user=hermes\n', 'file');
  const route: ContainerRoute = {
    ...{ kind: 'container', metadata, file: 'file', homePath: home, homeRoot: home },
    ...{ profile: undefined, ownerUid: uid },
  };
  // root's would be the machine's own
  const caller = { env: { XDG_RUNTIME_DIR: runtime }, uid };
  const at = (changed: Partial<ContainerRoute> = {}, by = via) => {
    const place = entryPlaceOf({ route: { ...route, ...changed }, caller }, by, { kind: 'default' });
    return place && { ...place, directory: join(runtime, 'hermes-shim') };
  };
  const source = join(scratch, 'source');
  const container = containerLike({ binds: [{ source, destination: '/data', writable: true }] });
  const recalled = () => {
    const place = at();
    return place && recall(place, route);
  };
  beforeEach(() => {
    rmSync(source, { force: true });
    symlinkSync(state, source);
    const place = at();
    if (place) remember(place, { container, user: 'hermes' });
  });

  it('is entered again by its id, in its home, as its user', () => {
    expect(recalled()).toMatchObject({
      container: { id: container.id },
      containerHome: '/data/.hermes',
      user: 'hermes',
    });
    const place = at();
    if (place) forget(place);
    expect(recalled()).toBeUndefined();
  });

  it('is judged anew by the same-home rule: a link that leads to another home by now is seen', () => {
    rmSync(source);
    const other = mkdtempSync(join(scratch, 'state-'));
    mkdirSync(join(other, '.hermes'));
    symlinkSync(other, source);
    expect(recalled()).toBeUndefined();
  });

  it('is not known any more where the home was replaced, or metadata name another user', () => {
    renameSync(home, join(state, 'before'));
    mkdirSync(home);
    expect(recalled()).toBeUndefined();
    rmSync(home, { recursive: true });
    renameSync(join(state, 'before'), home);
    expect(recalled()).toBeDefined();
    const place = at({ metadata: { ...metadata, execUser: 'root' } });
    expect(place && recall(place, route)).toBeUndefined();
  });

  it('is entered by numbers only where they are the container’s own', () => {
    const place = at();
    if (!place) throw new Error('no place');
    remember(place, { container, user: '0:0' });
    expect(recalled()).toBeUndefined();
    const env = new Map([...container.env, ['HERMES_UID', '7'], ['HERMES_GID', '8']] as const);
    remember(place, { container: { ...container, env }, user: '7:8' });
    expect(recalled()?.user).toBe('7:8');
    // the numbers stand for the user that metadata named then
    const named = at({ metadata: { ...metadata, execUser: 'other' } });
    expect(named && recall(named, route)).toBeUndefined();
  });

  it('is none by the API, which says as much at once, nor where the engine may be another machine’s', () => {
    const call = { route, caller };
    expect(entryPlaceOf(call, via, { kind: 'default' })).toBeDefined();
    expect(entryPlaceOf(call, { ...via, engine: 'docker' }, { kind: 'default' })).toBeUndefined();
    const client = { route, caller: { ...caller, env: { ...caller.env, DOCKER_API_VERSION: '1.41' } } };
    expect(entryPlaceOf(client, { ...via, engine: 'docker' }, { kind: 'default' })).toBeDefined();
    const remote = { kind: 'address', address: 'tcp://10.0.0.1:2375' } as const;
    expect(entryPlaceOf(client, { ...via, engine: 'docker' }, remote)).toBeUndefined();
    expect(
      entryPlaceOf(client, { ...via, engine: 'docker' }, { kind: 'context', name: 'far' }),
    ).toBeUndefined();
  });
});
