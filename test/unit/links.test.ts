/** Where a path leads, link by link. Real links, no engine. */
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { canonicalPath, followLinks } from '../../src/route/links.ts';
import { findRealPath } from '../../src/system/real-path.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'links-')));
  mkdirSync(join(root, 'a/b/c'), { recursive: true });
});

const link = (name: string, target: string) => symlinkSync(target, join(root, name));
/** Each name that the path has on its way, below the root. */
const steps = (path: string) =>
  [...followLinks(`${root}/${path}`)].map(({ path: name, link: by, last }) => ({
    path: name.slice(root.length + 1),
    link: by?.slice(root.length + 1),
    last,
  }));

describe('the names of a path on its way', () => {
  it('are one where there is no link, be it there or not, however it was written', () => {
    for (const path of ['a/b', './a//b/', 'a/x/../b', 'a/./b/.'])
      expect([...followLinks(`${root}/${path}`)]).toEqual([
        { path: `${root}/a/b`, link: undefined, last: false },
      ]);
    expect(steps('a/none/x')).toEqual([{ path: 'a/none/x', link: undefined, last: false }]);
  });

  it('are told with the link that led to each, and whether it was the last name', () => {
    link('first', 'second');
    link('second', join(root, 'a'));
    link('a/b/deep', '../../a/b/c');
    expect(steps('first/b/deep')).toEqual(
      [
        { path: 'first/b/deep', link: undefined, last: false },
        { path: 'second/b/deep', link: 'first', last: false },
        { path: 'a/b/deep', link: 'second', last: false },
        { path: 'a/b/../../a/b/c', link: 'a/b/deep', last: true },
      ].map((step) => ({ ...step, path: join(step.path) })),
    );
  });

  it('end with a link also where a slash or a dot follows', () => {
    link('end', 'a/b');
    for (const path of ['end/', 'end/.', './/end'])
      expect(steps(path)).toEqual([
        { path: 'end', link: undefined, last: false },
        { path: 'a/b', link: 'end', last: true },
      ]);
    expect(steps('end/..').at(-1)).toMatchObject({ link: 'end', last: false });
  });

  it('go on where a link leads nowhere, as far as its name says', () => {
    link('gone', 'nowhere/at/all');
    expect(steps('gone/x')).toEqual([
      { path: 'gone/x', link: undefined, last: false },
      { path: 'nowhere/at/all/x', link: 'gone', last: false },
    ]);
  });

  it('are looked for only when they are asked for', () => {
    const [first] = followLinks('/proc/self/cwd');
    expect(first).toEqual({ path: '/proc/self/cwd', link: undefined, last: false });
  });
});

describe('the end of a path', () => {
  it('lies where the kernel goes: `..` behind a link is the parent of what it leads to', () => {
    link('deep', 'a/b/c');
    expect(canonicalPath(`${root}/deep/../x`)).toBe(`${root}/a/b/x`);
    expect(canonicalPath(`${root}/deep/../../..`)).toBe(root);
    expect(canonicalPath('/../..')).toBe('/');
    // behind what is no link, or not there, it is the name before
    expect(canonicalPath(`${root}/none/../a`)).toBe(`${root}/a`);
  });

  it('is reached through as many links as the kernel follows, and no more', () => {
    for (let at = 0; at < 41; at += 1) link(`l${at}`, at === 40 ? 'a' : `l${at + 1}`);
    expect(canonicalPath(`${root}/l1`)).toBe(realpathSync.native(`${root}/l1`));
    expect(canonicalPath(`${root}/l1`)).toBe(`${root}/a`);
    expect(() => realpathSync.native(`${root}/l0`)).toThrow('ELOOP');
    expect(canonicalPath(`${root}/l0`)).toBe(`${root}/l40`);
  });

  it('is given up where links lead in a circle', () => {
    link('one', 'two');
    link('two', 'one');
    expect([...followLinks(`${root}/one`)]).toHaveLength(41);
  });

  it('is as it was given behind what is no directory or cannot be read', () => {
    writeFileSync(join(root, 'file'), '');
    for (const path of [`${root}/file/x`, `${root}/${'n'.repeat(300)}/x`])
      expect(canonicalPath(path)).toBe(path);
  });

  it('is the kernel’s own, for any path over any links, be its last name there or not', () => {
    // mostly such as are there
    const part = fc.constantFrom('a', 'a/b', 'a/b/c', 'l', 'a/m', 'a/b/l', '..', '../a', '.', 'none');
    const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const target = fc.tuple(fc.boolean(), path);
    let compared = 0;
    fc.assert(
      fc.property(target, target, target, path, (l, m, inner, given) => {
        const base = realpathSync(mkdtempSync(join(tmpdir(), 'links-')));
        mkdirSync(join(base, 'a/b/c'), { recursive: true });
        const to = ([absolute, words]: readonly [boolean, string]) => (absolute ? `${base}/${words}` : words);
        symlinkSync(to(l), join(base, 'l'));
        symlinkSync(to(m), join(base, 'a/m'));
        symlinkSync(to(inner), join(base, 'a/b/l'));
        const real = findRealPath(`${base}/${given}`);
        if (real === undefined) return; // it leads nowhere, or in a circle
        compared += 1;
        expect(canonicalPath(`${base}/${given}`)).toBe(real);
        expect(canonicalPath(`${base}/${given}/none`)).toBe(join(real, 'none'));
      }),
      { numRuns: 200 },
    );
    expect(compared).toBeGreaterThan(20);
  });
});
