import { mkdirSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findKeptHome, judgeLink } from '../../../src/companion/kept-home.ts';
import type { Found } from '../../../src/managed/apply/survey.ts';
import { firstFile } from '../../../src/managed/file/first.ts';
import { parseDeclaration } from '../../../src/managed/file/read.ts';
import { toWanted } from '../../../src/managed/file/wanted.ts';
import { makePlan } from '../../../src/managed/plan/plan.ts';
import { describeStep, losesSomething } from '../../../src/managed/plan/steps.ts';
import { bareFacts } from './facts.ts';

const me = { uid: 1000, gid: 1000, name: 'me', home: '/home/me', dataHome: undefined };
const state = '/home/me/.local/share/hermes';

/** The steps of an `up` that finds these things, as they are told; those that are asked about begin with a question mark. */
function told(text: string, found: Record<string, Found>, bridge: Found): readonly string[] {
  const wanted = toWanted(parseDeclaration(text, '/home/me/f.yaml'), me);
  const facts = bareFacts(
    wanted,
    { owner: { uid: 1000, gid: 1000 }, groupName: 'me' },
    { hostUsers: [me], found: new Map(Object.entries(found)), bridges: new Map([['/home/me', bridge]]) },
  );
  const auth = Buffer.from('{}');
  const { steps } = makePlan(wanted, { ...facts, sources: { ...facts.sources, auth } }, { nowMs: 0 });
  return steps.map((step) => `${losesSomething(step) ? '?' : ''} ${describeStep(step)}`);
}

const link = (target: string): Found => ({ kind: 'link', target });
const nothing: Found = { kind: 'nothing' };

describe("a person's own link", () => {
  it('~/.hermes to another home is not replaced without a question that names that home', () => {
    expect(told('', {}, link('/mnt/big/hermes')).at(-1)).toBe(
      `? link /home/me/.hermes to ${state}/.hermes in place of the link to /mnt/big/hermes; what is there stays, and hermes no longer uses it`,
    );
    expect(told('', {}, link('/mnt/\x1b[31mbig')).at(-1)).toContain('the link to /mnt/\\x1b[31mbig;');
  });

  it('~/.hermes that leads to this home, by whatever words, is nothing to ask about', () => {
    expect(told('', {}, link('.local/share/hermes/.hermes')).at(-1)).toBe(
      ` link /home/me/.hermes to ${state}/.hermes`,
    );
    expect(told('', {}, link(`${state}/.hermes`)).at(-1)).not.toContain('link');
    expect(told('', {}, nothing).at(-1)).toMatch(/^ link/);
  });

  it.each(['config.yaml', '.env', 'auth.json'])(
    'a %s that leads to another file is not replaced without a question that names that file',
    (name) => {
      const path = `${state}/.hermes/${name}`;
      const steps = told(
        'settings: {a: 1}\nenvironment: {A: b}\n',
        { [path]: link('../dotfiles/x') },
        nothing,
      );
      expect(steps).toContain(
        `? write ${path} in place of the link to ../dotfiles/x, which is not followed; what is there stays, and is not taken over`,
      );
    },
  );

  it('what only the container can have put in the way is told, and asks nobody', () => {
    const path = `${state}/.hermes/.container-mode`;
    const steps = told('settings: {a: 1}\n', { [`${state}/.hermes/.managed`]: link('/etc/passwd') }, nothing);
    expect(steps).toContainEqual(expect.stringMatching(/^ write .*\.managed in place of the link to \/etc/));
    expect(steps).toContain(` write ${path}`);
  });
});

describe('init', () => {
  it('goes on with a home that ~/.hermes leads to', () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'kept-home-')));
    mkdirSync(join(root, 'big disk/.hermes'), { recursive: true });
    const path = join(root, '.hermes');
    symlinkSync('big disk/.hermes', path);
    const kept = findKeptHome(path, process.getuid?.() ?? 0);
    expect(kept).toEqual({ kind: 'kept', home: join(root, 'big disk/.hermes') });
    const text = firstFile({
      asRoot: false,
      engine: 'docker',
      package: undefined,
      ownHome: kept.kind === 'kept' ? kept.home : undefined,
      person: undefined,
      stateDir: state,
      schema: undefined,
    });
    expect(parseDeclaration(text, 'f').declared.stateDir).toBe(join(root, 'big disk'));
  });

  it('finds no home where there is none, or nothing in it', () => {
    const root = mkdtempSync(join(tmpdir(), 'kept-home-'));
    expect(findKeptHome(join(root, 'none'), 0)).toEqual({ kind: 'none' });
    mkdirSync(join(root, 'empty'));
    expect(findKeptHome(join(root, 'empty'), 0)).toEqual({ kind: 'none' });
    symlinkSync('nowhere', join(root, 'dangling'));
    expect(findKeptHome(join(root, 'dangling'), 0)).toEqual({ kind: 'none' });
  });

  it.each([
    [
      '/mnt/big/hermes',
      1000,
      /it is not called \.hermes/,
      /^mv \/mnt\/big\/hermes \/mnt\/big\/\.hermes && ln/,
    ],
    ['/var/lib/hermes/.hermes', 990, /\/var\/lib\/hermes belongs to uid 990/, undefined],
    ['/srv/.hermes', 1000, /\/srv is a directory of the system/, undefined],
  ])('says why a home cannot be kept: %s', (home, parentUid, why, fix) => {
    const judged = judgeLink('/home/me/.hermes', home, parentUid, 1000);
    expect(judged).toMatchObject({ kind: 'not-kept', says: expect.stringMatching(why) });
    if (fix) expect(judged).toMatchObject({ fix: expect.stringMatching(fix) });
  });
});
