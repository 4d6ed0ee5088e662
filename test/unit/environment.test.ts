import { describe, expect, it } from 'vitest';
import { setAside } from '../../src/route/caller.ts';
import { clientEnvironment, pickForwarded, readRawEnvironment } from '../../src/session/plan/environment.ts';

const odd = '\ufffd';
/** Bytes as they stand in /proc/self/environ; `\xff` is no UTF-8. */
const raw = (...words: string[]) => words.map((word) => Buffer.from(word, 'latin1'));
const unasked = () => {
  throw new Error('was asked for nothing');
};

describe('a value that is no UTF-8', () => {
  it('goes in as the bytes that it is: a setting as a format that is named, a secret as the format it is anyway', () => {
    const env = { LC_ALL: `a${odd}`, TERM: 'xterm', KEY: `b${odd}`, HERMES_SHIM_FORWARD_ENV: 'KEY' };
    expect(pickForwarded(env, () => raw('TERM=xterm', 'LC_ALL=a\xff', 'KEY=b\xfe'))).toEqual({
      plain: [
        ['LC_ALL', 'a\\377'],
        ['TERM', 'xterm'],
      ],
      secret: [['KEY', 'b\\376']],
      encoded: ['LC_ALL'],
    });
  });

  it('is looked for by its whole name, from its beginning on, up to the first =', () => {
    const env = { TERM: `${odd}=${odd}` };
    const words = raw('TERM_PROGRAM=\xfa', 'X_TERM=\xfb', 'NOTE=TERM=\xfc', 'TERM=\xff=\xff');
    expect(pickForwarded(env, () => words).plain).toEqual([['TERM', '\\377=\\377']]);
  });

  it('is found under the longer name under which the launcher set it aside', () => {
    const words = raw(`${setAside}TERM=\xff`, `${setAside}KEY=\xfe`);
    const env = { TERM: odd, KEY: odd, HERMES_SHIM_FORWARD_ENV: 'KEY' };
    expect(pickForwarded(env, () => words)).toEqual({
      plain: [['TERM', '\\377']],
      secret: [['KEY', '\\376']],
      encoded: ['TERM'],
    });
  });

  it('is text like any other where the caller wrote U+FFFD itself, or where nobody can say', () => {
    const honest = [Buffer.from(`TERM=${odd}`)];
    for (const words of [honest, []])
      expect(pickForwarded({ TERM: odd }, () => words)).toEqual({
        plain: [['TERM', odd]],
        secret: [],
        encoded: [],
      });
  });

  it('is the only one for which the raw environment is read', () => {
    expect(pickForwarded({ TERM: 'xterm', OTHER: odd }, unasked).plain).toEqual([['TERM', 'xterm']]);
  });
});

describe('names', () => {
  const names = (env: Record<string, string>) => pickForwarded(env, unasked).plain.map(([name]) => name);

  it.each([
    'TERM COLORTERM COLORFGBG TERM_PROGRAM TERM_PROGRAM_VERSION LANG LC_CTYPE TZ NO_COLOR FORCE_COLOR CLICOLOR',
    'CLICOLOR_FORCE HERMES_INFERENCE_MODEL HERMES_INFERENCE_PROVIDER HERMES_YOLO_MODE HERMES_ACCEPT_HOOKS',
    'HERMES_IGNORE_X HERMES_SAFE_MODE HERMES_QUIET HERMES_TUI HERMES_TUI_THEME HERMES_TUI_RESUME',
    'HERMES_ACP_SKIP_CONFIGURED_MCP HERMES_EPHEMERAL_SYSTEM_PROMPT',
  ])('of the terminal, the language and hermes’s switches go in: %s', (line) => {
    const all = line.split(' ');
    expect(names(Object.fromEntries(all.map((name) => [name, '1'])))).toEqual(all);
    // neither what merely begins or ends like one
    const alike = all
      .filter((name) => !/^(LC|HERMES_IGNORE)_/.test(name))
      .flatMap((n) => [`${n}_Z`, `Z${n}`]);
    expect(names(Object.fromEntries(alike.map((name) => [name, '1'])))).toEqual([]);
  });

  it('that a shell does not hand on stay out, whoever lists them', () => {
    const listed = (name: string) => pickForwarded({ [name]: '1', HERMES_SHIM_FORWARD_ENV: '*' }).secret;
    for (const name of ['a b', '1A', '', 'A-B', 'A.B', 'BASH_FUNC_x%%', 'A\n', 'ä'])
      expect(listed(name)).toEqual([]);
    for (const name of ['A', '_', 'a1_', 'Z9']) expect(listed(name)).toEqual([[name, '1']]);
  });

  it('on an empty list ask for nothing', () => {
    for (const list of ['', ' ', ',', ' , '])
      expect(pickForwarded({ OTHER: '1', HERMES_SHIM_FORWARD_ENV: list }).secret).toEqual([]);
  });

  it('on a list are whole names, unless they end in a *', () => {
    const env = { AB: '1', ABC: '2', XAB: '3' };
    const secrets = (list: string) =>
      pickForwarded({ ...env, HERMES_SHIM_FORWARD_ENV: list }).secret.map(([name]) => name);
    expect(secrets('AB')).toEqual(['AB']);
    expect(secrets('AB*')).toEqual(['AB', 'ABC']);
    expect(secrets('A*B')).toEqual([]);
    expect(secrets('*')).toEqual(['AB', 'ABC', 'XAB']);
  });
});

describe('the environment of the engine’s client', () => {
  it('is the caller’s, except for values that go as formats', () => {
    const env = { TERM: odd, LANG: 'C', KEY: 's', PATH: '/bin' };
    const forwarded = {
      plain: [
        ['TERM', '\\377'],
        ['LANG', 'C.UTF-8'],
      ],
      secret: [['KEY', 't']],
      encoded: ['TERM'],
    } as const;
    expect(clientEnvironment(env, forwarded)).toEqual({ ...env, TERM: '\\377' });
    expect(clientEnvironment(env, { ...forwarded, encoded: [] })).toBe(env);
  });
});

it('the raw environment of this process is read as words with a name each', () => {
  const words = readRawEnvironment().map(String);
  expect(words).toContainEqual(expect.stringMatching(/^PATH=./));
  expect(words).not.toContain('');
});
