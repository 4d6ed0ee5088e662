import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { firstFile } from '../../../src/managed/file/first.ts';
import { defaultFile, parseDeclaration, readDeclaration } from '../../../src/managed/file/read.ts';
import { jsonSchema } from '../../../src/managed/file/schema.ts';
import { toWanted, type Who } from '../../../src/managed/file/wanted.ts';
import { warningsOf } from '../../../src/managed/file/warnings.ts';
import { Failure, formatFailure } from '../../../src/report/failure.ts';

const root: Who = { uid: 0, gid: 0, name: 'root', home: '/root', dataHome: undefined };
const me: Who = { uid: 1000, gid: 1000, name: 'me', home: '/home/me', dataHome: undefined };
const file = '/etc/hermes-shim/hermes-shim.yaml';

const wanted = (text: string, who = root) => toWanted(parseDeclaration(text, file), who);

function refused(text: string, who = root): string {
  try {
    wanted(text, who);
  } catch (thrown) {
    if (thrown instanceof Failure) return formatFailure(thrown);
    throw thrown;
  }
  throw new Error('it was accepted');
}

describe('hermes-shim.yaml', () => {
  it.each([
    [
      'an unknown key',
      'container:\n  imge: ubuntu\n',
      'line 2: container.imge: there is no such key; did you mean container.image?',
    ],
    [
      'a key of another room',
      'image: ubuntu\n',
      'line 1: image: there is no such key here; it is container.image',
    ],
    ['a key like no other', 'colour: blue\n', 'line 1: colour: there is no such key; accepted are stateDir'],
    [
      'a number for a text',
      'environment:\n  PORT: 8080\n',
      'line 2: environment.PORT: is the number 8080, accepted is a text: put it in quotes',
    ],
    [
      'a text for a list',
      'extraArgs: --verbose\n',
      "line 1: extraArgs: is '--verbose', accepted is a list of texts",
    ],
    ['a list for a mapping', 'settings: [a]\n', 'line 1: settings: is a list, accepted is a mapping'],
    [
      'a mistyped choice',
      'container:\n  backend: dokcer\n',
      'line 2: container.backend: is \'dokcer\', accepted is "docker" or "podman"; did you mean docker?',
    ],
    ['an empty value', 'stateDir:\n', 'line 1: stateDir: is empty, accepted is a text'],
    [
      'a relative state directory',
      'stateDir: hermes\n',
      "line 1: stateDir: is 'hermes', accepted is an absolute path",
    ],
    ['a tab', 'container:\n\timage: x\n', 'line 2: a tab where YAML wants blanks'],
    ['a key that is there twice', 'user: a\nuser: b\n', 'line 2: user: this key is there twice'],
    ['no YAML at all', 'settings: {a: [1}\n', 'line 1: no valid YAML'],
    ['a variable that is no name', 'environment:\n  "A B": c\n', 'line 2: environment.A B: is no valid name'],
    [
      'a volume without a place',
      'container:\n  extraVolumes: [/srv]\n',
      'line 2: container.extraVolumes[0]: is \'/srv\', accepted is "host directory:/directory in the container"',
    ],
    [
      'a key that every object has',
      'constructor: 1\n',
      'line 1: constructor: there is no such key; accepted are',
    ],
    ['two documents', 'user: a\n---\nuser: b\n', 'line 2: a second document begins here'],
    [
      'an alias of what it is in',
      'settings: &a {a: *a}\n',
      'line 1: its aliases (*name) unfold into too much',
    ],
    ['a list at the top', '- a\n', 'line 1: is a list, accepted is a mapping'],
  ])('refuses %s, with line, key and what is accepted', (_, text, says) => {
    expect(refused(text)).toContain(`${file}, ${says}`);
    expect(refused(text)).toContain(`edit it:`);
  });

  it('tells all that is wrong at once, in the order of the lines', () => {
    const lines = refused('user: [a]\nrestart: never\nstateDri: /x\n').split('\n');
    expect(lines[0]).toContain('line 1: user');
    expect(lines[1]).toMatch(/^ {2}line 2: +restart: is 'never', accepted is "always", "on-failure" or "no"/);
    expect(lines[2]).toMatch(/^ {2}line 3: +stateDri: there is no such key; did you mean stateDir\?/);
  });

  it.each([
    ['extraPackages: [jq]\n', 'apt install'],
    ['extraPythonPackages: [x]\n', 'pip install --user'],
    ['extraDependencyGroups: [voice]\n', 'name a package that was built with them'],
    ['enable: true\n', 'leave it out'],
    ['addToSystemPackages: true\n', 'leave it out'],
    ['container: {enable: true}\n', 'leave it out'],
  ])('says what to do in place of what only Nix can mean: %s', (text, instead) => {
    expect(refused(text)).toContain('has no meaning off NixOS');
    expect(refused(text)).toContain(instead);
  });

  it('is not blown up by aliases that unfold into each other', () => {
    const layers = [...'bcdefghij'].map(
      (name, at) => `  ${name}: [${Array(10).fill(`*${'abcdefghij'[at]}`)}]`,
    );
    const bomb = [
      'settings:',
      '  a: &a [x]',
      ...layers.map((line) => line.replace(/(\w): /, '$1: &$1 ')),
    ].join('\n');
    expect(refused(bomb)).toContain('its aliases (*name) unfold into too much');
  });

  it('what can only be chosen by root is refused to others', () => {
    for (const text of ['user: other\n', 'createUser: true\n', 'container:\n  hostUsers: [other]\n'])
      expect(refused(text, me)).toMatch(/only (be chosen by root|root can write)/);
  });

  it.each([
    ['stateDir: /\n', 'is the root directory'],
    ['configFile: ./c.yaml\nsettings: {a: 1}\n', 'would do nothing'],
    ['mcpServers: {a: {}}\n', 'needs either command or url'],
    ['mcpServers: {a: {command: x, url: y}}\n', 'needs either command or url'],
    ['documents: {../../etc/passwd: x}\n', 'leads out of the state directory'],
    ['documents: {/etc/passwd: x}\n', 'leads out of the state directory'],
  ])('refuses what cannot be: %s', (text, says) => expect(refused(text)).toContain(says));

  it("has the guide's defaults", () => {
    expect(wanted('package: /nix/store/x-hermes\n')).toMatchObject({
      kind: 'package',
      stateDir: '/var/lib/hermes',
      home: '/var/lib/hermes/.hermes',
      workingDirectory: '/var/lib/hermes/workspace',
      user: 'hermes',
      group: 'hermes',
      containerName: 'hermes-agent',
      image: 'docker.io/library/ubuntu:24.04',
      restart: 'always',
      restartSec: 5,
      hostUsers: [],
    });
    expect(wanted('', me)).toMatchObject({
      kind: 'official',
      stateDir: '/home/me/.local/share/hermes',
      workingDirectory: '/home/me/.local/share/hermes/.hermes/workspace',
      user: 'me',
      image: 'docker.io/nousresearch/hermes-agent:latest',
      hostUsers: ['me'],
    });
  });

  it('servers go into the settings, and documents where the guide puts them', () => {
    const { settings, documents } = wanted(
      'settings:\n  mcp_servers: {own: {url: u}}\nmcpServers:\n  fs: {command: npx, args: [a]}\ndocuments:\n  USER.md: ./USER.md\n  .hermes/SOUL.md: You are kind.\n',
    );
    expect(settings.mcp_servers).toEqual({
      own: { url: 'u' },
      fs: { command: 'npx', args: ['a'], enabled: true },
    });
    expect(documents).toEqual([
      {
        key: 'USER.md',
        path: '/var/lib/hermes/.hermes/workspace/USER.md',
        content: { file: '/etc/hermes-shim/USER.md' },
      },
      { key: '.hermes/SOUL.md', path: '/var/lib/hermes/.hermes/SOUL.md', content: { text: 'You are kind.' } },
    ]);
  });

  it('warns of secrets in the open and of volumes that give everything away', () => {
    const text =
      'environment:\n  OPENAI_API_KEY: abc\n  TZ: UTC\n  OTHER: sk-or-1\ncontainer:\n  extraVolumes:\n    - /:/host\n    - /run/docker.sock:/var/run/docker.sock\n    - /srv:/srv\n    - /etc:/etc2:ro\n  extraOptions: [--privileged]\n';
    const read = parseDeclaration(text, file);
    const told = warningsOf(read, toWanted(read, root));
    expect(told.map(({ line }) => line)).toEqual([2, 4, 7, 8, 11]);
    expect(told.map(({ says }) => says).join('\n')).toMatch(
      /environmentFiles[\s\S]*equals root[\s\S]*engine's socket/,
    );
  });

  it.each([
    ['workingDirectory: /srv/work\n', [1, 'below /var/lib/hermes/.hermes, or name it under']],
    ['documents:\n  USER.md: a\n  notes/a.md: b\n', [3, 'so call it .hermes/notes/a.md']],
    ['package: /opt/hermes\nworkingDirectory: /srv/work\n', [2, 'below /var/lib/hermes, or name it under']],
    ['workingDirectory: /srv/work\ncontainer: {extraVolumes: ["/srv/:/srv"]}\n', undefined],
    [
      'workingDirectory: /var/lib/hermes/.hermes/here\ndocuments: {.hermes/SOUL.md: a, USER.md: b}\n',
      undefined,
    ],
    ['package: /opt/hermes\ndocuments: {notes/a.md: b}\n', undefined],
  ] as const)('warns of what the container does not see: %j', (text, expected) => {
    const read = parseDeclaration(text, file);
    const told = warningsOf(read, toWanted(read, root));
    expect(told.map(({ line }) => line)).toEqual(expected ? [expected[0]] : []);
    expect(told[0]?.says ?? '').toContain(expected?.[1] ?? '');
  });

  it.each(['name:/x', '/srv:/srv:ro', '~/work:/work', 'a_b.c-1:/x:rw'])('takes the volume %s', (volume) => {
    expect(() => parseDeclaration(`container: {extraVolumes: ["${volume}"]}\n`, file)).not.toThrow();
  });

  it.each(['./srv:/srv', 'srv/x:/srv', '~:/x', ':/x', '.:/x'])('refuses the volume %s', (volume) => {
    expect(refused(`container: {extraVolumes: ["${volume}"]}\n`)).toContain('or is the name of a volume');
  });

  it('warns root of a file that others can write', () => {
    const read = { ...parseDeclaration('', file), loose: true };
    expect(warningsOf(read, toWanted(read, root)).map(({ says }) => says)).toEqual([
      expect.stringContaining('done as root'),
    ]);
    expect(warningsOf(read, toWanted(read, me))).toEqual([]);
  });

  it('lies where its reader may write it', () => {
    expect(defaultFile({ uid: 0, home: '/root', configHome: '/x' })).toBe(
      '/etc/hermes-shim/hermes-shim.yaml',
    );
    expect(defaultFile({ uid: 1, home: '/home/me', configHome: undefined })).toBe(
      '/home/me/.config/hermes-shim/hermes-shim.yaml',
    );
    expect(defaultFile({ uid: 1, home: '/home/me', configHome: '/c' })).toBe(
      '/c/hermes-shim/hermes-shim.yaml',
    );
  });

  it('its schema for editors knows every key and lets no other pass', () => {
    const schema = jsonSchema() as { properties: Record<string, unknown>; additionalProperties: boolean };
    expect(Object.keys(schema.properties)).toContain('environmentFiles');
    expect(schema.additionalProperties).toBe(false);
    expect(JSON.stringify(schema)).toContain('"enum":["docker","podman"]');
  });
});

it.each([
  [false, 'hermes-shim init'],
  [true, "hermes-shim init --file '/nowhere/my files/x.yaml'"],
])('a file that is not there is made by the command that names it: %s', (named, command) => {
  expect(() => readDeclaration('/nowhere/my files/x.yaml', named)).toThrow(
    expect.objectContaining({ hints: expect.arrayContaining([{ label: 'write one', text: command }]) }),
  );
});

it('a file that is not UTF-8 is refused, with the line, and not read as something else', () => {
  const latin = join(mkdtempSync(join(tmpdir(), 'latin-')), 'hermes-shim.yaml');
  writeFileSync(latin, Buffer.from('user: me\nsettings: {word: \xe9t\xe9}\n', 'latin1'));
  expect(() => readDeclaration(latin)).toThrow(
    `${latin}, line 2: there are bytes that are not UTF-8; save the file as UTF-8`,
  );
  rmSync(dirname(latin), { recursive: true });
});

describe('the first file', () => {
  const about = {
    asRoot: true,
    engine: 'docker',
    package: undefined,
    ownHome: undefined,
    person: 'me',
    stateDir: '/var/lib/hermes',
    schema: '/s.json',
  } as const;

  it.each([
    about,
    { ...about, asRoot: false, ownHome: '/home/me/.hermes' },
    { ...about, package: '/nix/var/nix/profiles/default' },
    { ...about, engine: undefined, schema: undefined, person: undefined },
  ])('is valid, also with every comment taken away', (one) => {
    const text = firstFile(one);
    const who = one.asRoot ? root : me;
    expect(wanted(text, who).image).toContain('/');
    const bare = text.replace(/^( *)# (?=( *[\w".-]+:| *- ))/gm, '$1').replace(/^# ?(?! ?[\w]+:).*$/gm, '');
    const keys = bare.split('\n').filter((line) => /^[a-zA-Z]+:/.test(line));
    expect(keys.length).toBeGreaterThan(4);
  });

  it('an own home goes on where it is', () => {
    const text = firstFile({ ...about, asRoot: false, ownHome: '/home/me/.hermes' });
    expect(wanted(text, me).home).toBe('/home/me/.hermes');
  });
});
