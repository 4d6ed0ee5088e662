import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { leavesOf, mergeConfig } from '../../../src/managed/merge/config.ts';
import { mergeEnv, namesIn } from '../../../src/managed/merge/env-file.ts';

const own = `# my own notes
model:
  default: old # chosen in March
  base_url: https://example.org

toolsets: [web, files] # not all
skills:
  disabled:
    - noisy
`;

function merged(current: string | undefined, declared: object, before: object = {}): string {
  const result = mergeConfig(current, declared as never, leavesOf(before as never));
  if (result.kind !== 'merged') throw new Error(result.why);
  return result.text;
}

describe('config.yaml', () => {
  it("declared keys win at their leaf; a person's own keys, comments and order stay", () => {
    expect(
      merged(own, { model: { default: 'new' }, toolsets: ['all'], display: { compact: true } }),
    ).toBe(`# my own notes
model:
  default: new # chosen in March
  base_url: https://example.org

toolsets:
  - all
skills:
  disabled:
    - noisy
display:
  compact: true
`);
  });

  it('is not touched, to the last byte, when everything is there already', () => {
    const odd = 'model:   {default: "x"}   \n\n\n#end';
    expect(mergeConfig(odd, { model: { default: 'x' } }, {})).toEqual({
      kind: 'merged',
      text: odd,
      changed: false,
    });
  });

  it('what is declared no longer goes, unless somebody has changed it since', () => {
    const first = merged(own, { model: { default: 'new' }, agent: { max: 3 }, memory: { kept: true } });
    const edited = first.replace('max: 3', 'max: 4');
    expect(
      merged(
        edited,
        { model: { default: 'new' } },
        { model: { default: 'new' }, agent: { max: 3 }, memory: { kept: true } },
      ),
    ).toBe(edited.replace('memory:\n  kept: true\n', ''));
  });

  it('lists stay as whoever wrote the file set them', () => {
    const python = 'a:\n- 1\n- 2\nb: {c: [x]}\n';
    expect(merged(python, { d: ['z'] })).toBe(`${python}d:\n- z\n`);
  });

  it("words that are truth values to Python's YAML stay words", () => {
    const text = merged(undefined, { a: 'yes', b: 'off', c: '012', d: true, e: null, f: '1:30' });
    expect(parse(text, { version: '1.1' })).toEqual({
      a: 'yes',
      b: 'off',
      c: '012',
      d: true,
      e: null,
      f: '1:30',
    });
  });

  it('makes way for a mapping where a scalar or an alias stands', () => {
    expect(parse(merged('model: x\n', { model: { default: 'y' } }))).toEqual({ model: { default: 'y' } });
    const aliased = merged('a: &a {x: 1}\nb: *a\n', { b: { y: 2 } });
    expect(parse(aliased)).toEqual({ a: { x: 1 }, b: { x: 1, y: 2 } });
  });

  it.each([
    ['- a\n', 1],
    ['a: 1\nb: [\n', 3],
  ])('says where it cannot be read: %j', (text, line) => {
    expect(mergeConfig(text, { a: 1 }, {})).toMatchObject({ kind: 'unreadable', line });
  });

  it('after a merge all that was declared is there, all else as before, and a second merge changes nothing', () => {
    const key = fc.stringMatching(/^[a-z]{1,3}$/);
    const leaf = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 3 }),
    );
    const tree = fc.letrec((tie) => ({
      node: fc.dictionary(key, fc.oneof({ depthSize: 'small' }, leaf, tie('node')), { maxKeys: 4 }),
    })).node as fc.Arbitrary<Record<string, unknown>>;
    fc.assert(
      fc.property(tree, tree, (present, declared) => {
        const text = merged(merged(undefined, present), declared);
        const result: unknown = parse(text, { version: '1.1' }) ?? {};
        const at = (path: readonly string[]) =>
          path.reduce((value, step) => (value as Record<string, unknown>)[step], result);
        for (const [leaf, value] of Object.entries(leavesOf(declared as never))) {
          const there = at(JSON.parse(leaf) as string[]);
          // to declare a mapping without keys asks for a mapping: one that is there keeps its own
          if (isDeepStrictEqual(value, {}))
            expect(Object.prototype.toString.call(there)).toBe('[object Object]');
          else expect(there).toEqual(value);
        }
        // what was there stays, unless it was declared, or stood in the way of what was
        const wanted = Object.entries(leavesOf(declared as never)).map(
          ([leaf, value]) => [JSON.parse(leaf) as string[], isDeepStrictEqual(value, {})] as const,
        );
        const begins = (one: readonly string[], other: readonly string[]) =>
          one.every((step, depth) => other[depth] === step);
        for (const [leaf, value] of Object.entries(leavesOf(present as never))) {
          const path = JSON.parse(leaf) as string[];
          const gone = wanted.some(
            ([other, isEmpty]) => begins(path, other) || (begins(other, path) && !isEmpty),
          );
          if (!gone) expect(at(path)).toEqual(value);
        }
        expect(merged(text, declared)).toBe(text);
      }),
      {
        numRuns: 100,
        examples: [
          [{ a: { a: {} } }, { a: {} }],
          [{ a: { b: 1 }, c: 2 }, { a: { d: 3 } }],
        ],
      },
    );
  });
});

describe('.env', () => {
  const files = ['A_KEY=sk-1\n', "# more\nB='x y'\n"].map((text) => Buffer.from(text));

  it("what is declared stands behind a person's own lines and can be taken back", () => {
    const text = mergeEnv(Buffer.from('MINE=1'), { TZ: 'UTC', SAY: "it's $5" }, files);
    expect(
      String(text)
        .split('\n')
        .filter((line) => !line.startsWith('# hermes-shim')),
    ).toEqual(['MINE=1', 'TZ=UTC', "SAY='it\\'s $5'", 'A_KEY=sk-1', '# more', "B='x y'", '']);
    expect(mergeEnv(text, { TZ: 'UTC', SAY: "it's $5" }, files)).toEqual(text);
    expect(mergeEnv(text, {}, [])).toEqual(Buffer.from('MINE=1\n'));
    expect(mergeEnv(undefined, {}, [])).toBeUndefined();
  });

  it('keeps every byte of what others wrote, and of secrets, also where they are no UTF-8', () => {
    const own = Buffer.from('OWN=\xe9\r\nFOO=bar\xff\n', 'latin1');
    const secrets = Buffer.from('S=p\xe4ss\nT=voil\xc3\xa0\n', 'latin1');
    const merged = mergeEnv(own, { CITY: 'Zürich' }, [secrets]);
    expect(merged?.subarray(0, own.length)).toEqual(own);
    expect(merged?.includes(secrets)).toBe(true);
    expect(merged?.includes(Buffer.from("CITY='Zürich'\n"))).toBe(true);
    expect(mergeEnv(merged, {}, [])).toEqual(own);
  });

  it('is shown by its names alone', () => {
    expect(namesIn('A=1\nexport B = 2\n# C=3\nA=4\n')).toEqual(['A', 'B']);
  });
});
