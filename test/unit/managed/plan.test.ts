import { describe, expect, it } from 'vitest';
import type { Found } from '../../../src/managed/apply/survey.ts';
import { labels, type Made } from '../../../src/managed/engine/facts.ts';
import { parseDeclaration } from '../../../src/managed/file/read.ts';
import { toWanted } from '../../../src/managed/file/wanted.ts';
import { mayPutBack, wantedIdentity } from '../../../src/managed/plan/container.ts';
import { lineDiff } from '../../../src/managed/plan/diff.ts';
import type { Facts } from '../../../src/managed/plan/facts.ts';
import { idMapOf, subordinatesOf } from '../../../src/managed/plan/id-map.ts';
import { createArgs, identityOf, restartPolicy } from '../../../src/managed/plan/identity.ts';
import { type Layout, pluginName, toLayout, toPackage } from '../../../src/managed/plan/layout.ts';
import { masked } from '../../../src/managed/plan/mask.ts';
import { makePlan } from '../../../src/managed/plan/plan.ts';
import { describeStep, losesSomething } from '../../../src/managed/plan/steps.ts';
import { quoteUnitWord } from '../../../src/managed/unit/quote.ts';
import { unitText } from '../../../src/managed/unit/text.ts';
import { Failure } from '../../../src/report/failure.ts';
import { bareFacts } from './facts.ts';

const root = { uid: 0, gid: 0, name: 'root', home: '/root', dataHome: undefined };
const wanted = (text: string) => toWanted(parseDeclaration(text, '/etc/hermes-shim/hermes-shim.yaml'), root);

const store = '/nix/store/00000000000000000000000000000000-hermes';

function factsFor(text: string, more: Partial<Facts> = {}): Facts {
  const declared = wanted(text);
  const hermes = declared.package === undefined ? undefined : toPackage(declared.package, declared.package);
  return bareFacts(
    declared,
    { owner: { uid: 990, gid: 991 }, groupName: 'hermes' },
    { hermes, pins: true, entrypoint: '#!/bin/sh\n', storeTool: '/bin/nix-store', ...more },
  );
}

function made(text: string, facts: Facts, change: Partial<Made> = {}, status = 'running'): Made {
  const declared = wanted(text);
  return {
    container: {
      id: 'a'.repeat(64),
      name: 'hermes-agent',
      state: {
        status: status as 'running',
        word: status,
        startedMs: status === 'created' ? undefined : 0,
        finishedMs: undefined,
        exitCode: 0,
      },
      env: new Map(),
      binds: [],
      destinations: [],
      workingDir: '',
      volumes: [],
      hostNetwork: true,
      command: [],
      labels: new Map(),
    },
    labels: {
      [labels.managed]: declared.stateDir,
      [labels.identity]: wantedIdentity(declared, facts),
      [labels.image]: declared.image,
    },
    imageId: 'abc',
    restartPolicy: 'unless-stopped',
    ...change,
  };
}

const text = `package: ${store}\n`;
const kinds = (of: string, facts: Facts, force = false) =>
  makePlan(wanted(of), facts, { nowMs: 1e12, force }).steps.map(({ kind }) => kind);
/** What is done about the container alone. */
const deeds = (of: string, facts: Facts, force = false) =>
  kinds(of, facts, force).filter((kind) => !['directory', 'file', 'link', 'gc-root', 'pin'].includes(kind));

describe('the plan', () => {
  it('goes from directories to the pin, and the metadata comes after the container is ready', () => {
    const { steps } = makePlan(wanted(text), factsFor(text), { nowMs: 0 });
    const said = steps.map(describeStep);
    const at = (words: string) => said.findIndex((says) => says.includes(words));
    const order = [
      'make /var/lib/hermes,',
      '.managed',
      'current-package',
      '.gc-root',
      'create the container',
      'start the',
      'wait until',
      '.container-identity',
      '.container-mode',
      'pin it',
    ];
    expect(order.map(at)).toEqual([...order.map(at)].sort((a, b) => a - b));
    expect(order.map(at)).not.toContain(-1);
  });

  it('pulls what is not there, and makes the user first', () => {
    const facts = factsFor(text, {
      owner: undefined,
      engine: { container: undefined, aside: undefined, imageId: undefined },
    });
    expect(kinds(text, facts)[0]).toBe('make-user');
    expect(deeds(text, facts)).toEqual(['make-user', 'pull', 'create', 'start', 'ready']);
  });

  it('does nothing about a container that is as it should be', () => {
    const facts = factsFor(text);
    expect(deeds(text, { ...facts, engine: { ...facts.engine, container: made(text, facts) } })).toEqual([]);
  });

  it.each([
    ['stopped', {}, 'exited', ['start', 'ready']],
    [
      'of another identity',
      { labels: { [labels.managed]: '/var/lib/hermes', [labels.identity]: 'x' } },
      'running',
      ['put-aside', 'create', 'start', 'ready', 'drop-aside'],
    ],
    ['of another restart policy', { restartPolicy: 'no' }, 'running', ['policy']],
  ] as const)('for a container that is %s', (_, change, status, expected) => {
    const facts = factsFor(text);
    const container = made(text, facts, change, status);
    expect(deeds(text, { ...facts, engine: { ...facts.engine, container } })).toEqual(expected);
  });

  it('an image that means another one now makes a new container; one that is gone does not', () => {
    const facts = factsFor(text);
    const container = made(text, facts);
    const moved = { ...facts, engine: { container, aside: undefined, imageId: 'def' } };
    const plan = makePlan(wanted(text), moved, { nowMs: 0 });
    expect(plan.steps.filter(losesSomething).map(describeStep)).toEqual([
      'replace the container: docker.io/library/ubuntu:24.04 means another image now than when it was made. What was installed in it (apt, pip, npm) is lost; state and home stay',
    ]);
    const gone = { ...facts, engine: { container, aside: undefined, imageId: undefined } };
    expect(deeds(text, gone)).toEqual([]);
  });

  it('what the engine cannot do is no step, but a note', () => {
    const facts = factsFor(text, { policyIsFixed: true });
    const container = made(text, facts, { restartPolicy: 'no' });
    const { steps, notes } = makePlan(
      wanted(text),
      { ...facts, engine: { ...facts.engine, container } },
      { nowMs: 1e12 },
    );
    expect(steps.map(({ kind }) => kind)).not.toContain('policy');
    expect(notes.join()).toMatch(/restart policy stays no: this podman cannot .* hermes-shim recreate/);
    expect(makePlan(wanted(text), facts, { nowMs: 0 }).notes).toEqual([]);
  });

  it('advice names the file that it is about, where that does not lie where it usually does', () => {
    const other = { ...wanted(text), file: '/srv/my files/other.yaml', isUsual: false };
    const facts = factsFor(text, { policyIsFixed: true, groupName: undefined });
    const container = made(text, facts, { restartPolicy: 'no' });
    const users = { ...other, hostUsers: ['bob'] };
    const { notes } = makePlan(users, { ...facts, engine: { ...facts.engine, container } }, { nowMs: 1e12 });
    for (const command of ['up', 'restart', 'recreate'])
      expect(notes.join('\n')).toMatch(
        new RegExp(`hermes-shim ${command} --file '/srv/my files/other.yaml'$`, 'm'),
      );
    expect(wanted(text).isUsual).toBe(true);
    const me = { ...root, uid: 1000, home: '/home/me', configHome: '/home/me/etc' };
    const usual = (file: string) => toWanted(parseDeclaration('', file), me).isUsual;
    expect(usual('/home/me/etc/hermes-shim/hermes-shim.yaml')).toBe(true);
    expect(usual('/home/me/.config/hermes-shim/hermes-shim.yaml')).toBe(false);
  });

  it('lets those into the group of the owner who are not in it, and nobody twice', () => {
    const account = (name: string, gid: number) => ({ name, uid: gid, gid, home: `/home/${name}` });
    const joins = (change: Partial<Facts>) =>
      makePlan(wanted(text), factsFor(text, { hostUsers: [account('bob', 1001)], ...change }), { nowMs: 0 })
        .steps.filter(({ kind }) => kind === 'join-group')
        .map(describeStep);
    expect(joins({ groupName: 'users' })).toEqual(['let bob into group users (counts from the next login)']);
    expect(joins({ groupName: 'users', groupMembers: ['bob'] })).toEqual([]);
    expect(joins({ hostUsers: [account('bob', 991)] })).toEqual([]);
    // a group that has no name cannot be joined
    expect(joins({ groupName: undefined })).toEqual([]);
    const shared = `${text}container: {hostUsers: [bob]}\n`;
    const { notes } = makePlan(wanted(shared), factsFor(shared, { groupName: undefined }), { nowMs: 0 });
    expect(notes.join()).toContain('sudo groupadd -g 991 NAME');
  });

  it('goes on where a run was killed', () => {
    const facts = factsFor(text);
    const aside = made(text, facts, {
      labels: { [labels.managed]: '/var/lib/hermes', [labels.identity]: 'old' },
    });
    const fresh = made(text, facts);
    const engine = (container: Made | undefined, before = aside) => ({
      ...facts,
      engine: { container, aside: before, imageId: 'abc' },
    });
    expect(deeds(text, engine(undefined))).toEqual(['create', 'start', 'ready', 'drop-aside']);
    expect(deeds(text, engine(fresh))).toEqual(['ready', 'drop-aside']);
    expect(deeds(text, engine(undefined, fresh))).toEqual(['put-back', 'start', 'ready']);
    expect(deeds(text, engine(aside, fresh))).toEqual(['put-back', 'start', 'ready']);
  });

  it.each([
    ['running', true],
    ['restarting', true],
    ['paused', true],
    ['other', true],
    ['exited', false],
    ['created', false],
  ])('one that is %s is stopped before another takes its place: %s', (status, running) => {
    const facts = factsFor(text);
    const container = made(text, facts, { labels: { [labels.managed]: '/var/lib/hermes' } }, status);
    const { steps } = makePlan(
      wanted(text),
      { ...facts, engine: { ...facts.engine, container } },
      { nowMs: 0 },
    );
    expect(steps.find(({ kind }) => kind === 'put-aside')).toMatchObject({ running });
  });

  it('takes an older container back unasked only where nothing is lost for it', () => {
    const facts = factsFor(text);
    const other = { labels: { [labels.managed]: '/var/lib/hermes', [labels.identity]: 'other' } };
    const losses = (container: Made | undefined) =>
      makePlan(
        wanted(text),
        { ...facts, engine: { container, aside: made(text, facts), imageId: 'abc' } },
        { nowMs: 0 },
      ).steps.filter(losesSomething);
    expect(losses(undefined)).toEqual([]);
    expect(losses(made(text, facts, other, 'created'))).toEqual([]);
    expect(
      losses(made(text, facts, other, 'exited'))
        .map(describeStep)
        .join(),
    ).toMatch(
      /^take back the container .* remove the one that has its name now\. What was installed in that .* is lost/,
    );
  });

  it('puts an older container back only where the one of now has never been started', () => {
    const facts = factsFor(text);
    const aside = made(text, facts);
    const back = (container: Made | undefined, before: Made | undefined = aside) =>
      mayPutBack({ container, aside: before, imageId: 'abc' });
    expect(back(undefined)).toBe(true);
    const never = made(text, facts, {}, 'created');
    expect(back(never)).toBe(true);
    for (const status of ['running', 'exited', 'paused', 'restarting', 'other'])
      expect([status, back(made(text, facts, {}, status))]).toEqual([status, false]);
    // podman calls one that is prepared for its next start as one that was only made
    const { container } = never;
    expect(back({ ...never, container: { ...container, state: { ...container.state, startedMs: 1 } } })).toBe(
      false,
    );
    expect(mayPutBack({ container: undefined, aside: undefined, imageId: 'abc' })).toBe(false);
  });

  it('keeps the container that has run, not an older one, until hermes runs in the next', () => {
    const facts = factsFor(text);
    const other = { labels: { [labels.managed]: '/var/lib/hermes', [labels.identity]: 'other' } };
    const replaced = (container: Made, aside?: Made) =>
      makePlan(wanted(text), { ...facts, engine: { container, aside, imageId: 'abc' } }, { nowMs: 0 });
    const older = (container: Made, aside?: Made) =>
      replaced(container, aside).steps.flatMap((step) => (step.kind === 'put-aside' ? [step.older] : []));
    const left = made(text, facts, other);
    expect(older(made(text, facts, other), left)).toEqual(['dropped']);
    expect(older(made(text, facts, other, 'exited'), left)).toEqual(['dropped']);
    expect(older(made(text, facts, other, 'created'), left)).toEqual(['kept']);
    expect(older(made(text, facts, other))).toEqual(['none']);
    expect(
      replaced(made(text, facts, other), left)
        .steps.map(describeStep)
        .join(),
    ).toContain('One that a run before had put aside is removed');
  });

  it("never touches somebody else's container", () => {
    const facts = factsFor(text);
    const container = made(text, facts, { labels: {} });
    expect(() => kinds(text, { ...facts, engine: { ...facts.engine, container } })).toThrow(
      'which hermes-shim did not make',
    );
    const other = made(text, facts, { labels: { [labels.managed]: '/srv/other' } });
    expect(() => kinds(text, { ...facts, engine: { ...facts.engine, container: other } })).toThrow(
      '/srv/other',
    );
  });

  it('refuses to start a second container on the home, and says which is the first', () => {
    const facts = factsFor(text);
    const { container } = made(text, facts);
    const sharing = (name: string, owner?: string) => [
      {
        via: facts.via,
        container: { ...container, name, labels: new Map(owner ? [[labels.managed, owner]] : []) },
      },
    ];
    const refused = (of: ReturnType<typeof sharing>) => {
      try {
        kinds(text, { ...facts, sharing: of });
      } catch (error) {
        if (error instanceof Failure)
          return [error.sentence, ...error.hints.map((hint) => hint.text)].join('\n');
      }
      return undefined;
    };
    expect(refused(sharing('old', '/var/lib/hermes'))).toMatch(
      /^container 'old' \(docker\) runs on this home already[\s\S]*name: old[\s\S]*\ndocker rm -f old /,
    );
    expect(refused(sharing('theirs'))).toMatch(/hermes-shim enable\ndocker rm -f theirs /);
    // where ours runs as it should, nothing is in its way: it is told
    const both = {
      ...facts,
      sharing: sharing('old'),
      engine: { ...facts.engine, container: made(text, facts) },
    };
    expect(deeds(text, both)).toEqual([]);
    expect(makePlan(wanted(text), both, { nowMs: 1e12 }).notes.join()).toContain('docker rm -f old');
  });

  it('without a pin, ours of this home is removed, and no other', () => {
    const pinned = makePlan(wanted(text), factsFor(text), { nowMs: 0 }).steps.find(
      ({ kind }) => kind === 'pin',
    );
    const pin = pinned?.kind === 'pin' ? pinned.text : '';
    const unpins = (pin: string | undefined, pins = false) =>
      kinds(text, factsFor(text, { pin, pins })).includes('unpin');
    expect(unpins(pin)).toBe(true);
    // also where it names what the container was called before
    expect(unpins(pin.replace('hermes-agent', 'before'))).toBe(true);
    expect(unpins(pin, true)).toBe(false);
    expect(unpins(undefined)).toBe(false);
    expect(unpins(pin.replace('/var/lib/hermes', '/srv/other'))).toBe(false);
    expect(unpins(pin.replace(/^#.*\n/, '# by hand\n'))).toBe(false);
  });

  it('a pin that speaks for another home stays', () => {
    const facts = factsFor(text, { pin: 'backend=docker\nhermes_home=/srv/other/.hermes\n' });
    const plan = makePlan(wanted(text), facts, { nowMs: 0 });
    expect(plan.steps.some(({ kind }) => kind === 'pin')).toBe(false);
    expect(plan.notes.join()).toContain('speaks for /srv/other/.hermes');
  });
});

describe('config.yaml', () => {
  const settings = `${text}settings: {model: x}\n`;
  const withConfig = (content: Buffer) => {
    const found = { kind: 'file', content, mode: 0o660, uid: 990, gid: 990 } as const;
    return factsFor(settings, { found: new Map([['/var/lib/hermes/.hermes/config.yaml', found]]) });
  };

  it('is never written over where it has bytes that are not UTF-8, which would be lost', () => {
    const latin = Buffer.from('a: 1\nname: caf\xe9\n', 'latin1');
    expect(() => makePlan(wanted(settings), withConfig(latin), { nowMs: 0 })).toThrow(
      '/var/lib/hermes/.hermes/config.yaml, line 2, has bytes that are not UTF-8, so nothing can be merged into it',
    );
    const kept = Buffer.from('name: caf\xe9\nmodel: x\n', 'latin1');
    expect(kinds(settings, withConfig(kept))).toEqual(kinds(settings, withConfig(Buffer.from('model: x\n'))));
  });
});

describe('directories', () => {
  const state = '/var/lib/hermes';
  const directory = (uid: number, empty: boolean) =>
    ({ kind: 'directory', uid, gid: uid, mode: 0o755, empty }) as const;
  const given = (of: string, found: Record<string, Found>, more: Partial<Facts> = {}) =>
    makePlan(wanted(of), factsFor(of, { found: new Map(Object.entries(found)), ...more }), {
      nowMs: 0,
    }).steps.flatMap((step) => (step.kind === 'directory' && step.there ? [step.path] : []));

  it.each(['/', '/srv', '/opt', '/tmp', '/var/lib', '/usr/local', '/lib64', '/nix/store', '/home', '/root'])(
    '%s stays with the system, whoever it belongs to, empty or not',
    (path) => {
      for (const key of ['stateDir', 'workingDirectory'])
        for (const now of [directory(0, true), directory(990, true)])
          expect(() => given(`${key}: ${path}\n`, { [path]: now })).toThrow(
            /is (a directory of the system|the root directory)/,
          );
    },
  );

  it("an empty one of root's is given away, one with something in it only where it was made before", () => {
    expect(given('', { [state]: directory(0, true) })).toEqual([state]);
    expect(() => given('', { [state]: directory(0, false) })).toThrow("is root's and not empty");
    const { record } = factsFor('');
    expect(given('', { [state]: directory(0, false) }, { record: { ...record, backend: 'docker' } })).toEqual(
      [state],
    );
    const beside = 'workingDirectory: /srv/work\n';
    expect(() => given(beside, { '/srv/work': directory(0, false) })).toThrow(
      "workingDirectory: /srv/work is root's and not empty",
    );
  });

  it('what lies in a state directory that is ours is given back', () => {
    const logs = `${state}/.hermes/logs`;
    expect(given('', { [state]: directory(990, false), [logs]: directory(0, false) })).toEqual([logs]);
  });

  it('is told before the user is made', () => {
    expect(() => given('', { [state]: directory(0, false) }, { owner: undefined })).toThrow(
      'is not given to hermes unasked',
    );
  });

  it("an ordinary user is told what root has to do about root's", () => {
    const me = { uid: 1000, gid: 1000, name: 'me', home: '/home/me', dataHome: undefined };
    const mine = toWanted(parseDeclaration('', '/home/me/f.yaml'), me);
    const logs = `${mine.home}/logs`;
    const facts: Facts = {
      ...factsFor(''),
      owner: me,
      layout: toLayout(mine, me),
      found: new Map([[logs, directory(0, true)]]),
    };
    expect(() => makePlan(mine, facts, { nowMs: 0 })).toThrow(
      expect.objectContaining({
        sentence: expect.stringContaining('logs belongs to uid 0'),
        hints: expect.arrayContaining([expect.objectContaining({ text: `sudo chown -R 1000:1000 ${logs}` })]),
      }),
    );
  });
});

describe('plugins', () => {
  it('a link that we made goes when it is declared no longer; what is only called so stays', () => {
    const base = factsFor(text);
    const plugins = `${wanted(text).home}/plugins`;
    const link = { kind: 'link', target: '/srv/x' } as const;
    const facts = factsFor(text, {
      record: { ...base.record, plugins: ['hermes-shim-old', 'hermes-shim-now-a-file', 'hermes-shim-gone'] },
      found: new Map<string, Found>([
        [`${plugins}/hermes-shim-old`, link],
        [`${plugins}/hermes-shim-now-a-file`, { kind: 'other' }],
        [`${plugins}/hermes-shim-theirs`, link],
      ]),
    });
    const { steps } = makePlan(wanted(text), facts, { nowMs: 0 });
    expect(steps.filter(({ kind }) => kind === 'remove')).toEqual([
      { kind: 'remove', path: `${plugins}/hermes-shim-old` },
    ]);
  });
});

describe('the identity', () => {
  const same = {
    image: 'i',
    imageId: 'a',
    volumes: ['v'],
    options: ['o'],
    env: { A: 'b' },
    owner: '1:1',
    entrypoint: ['e'],
  };
  it.each([
    { image: 'j' },
    { imageId: 'b' },
    { volumes: ['v', 'w'] },
    { options: [] },
    { env: { A: 'c' } },
    { owner: '2:1' },
    { entrypoint: ['f'] },
  ])('changes with %j', (change) => expect(identityOf({ ...same, ...change })).not.toBe(identityOf(same)));

  it('changes with nothing else: settings, environment, documents and the package in the store', () => {
    const one = wantedIdentity(wanted(text), factsFor(text));
    const more = `${text.replace('hermes', 'hermes2')}settings: {a: 1}\nenvironment: {A: b}\ndocuments: {A: b}\nrestart: "no"\n`;
    expect(wantedIdentity(wanted(more), factsFor(more))).toBe(one);
  });
});

describe('the layout', () => {
  it('a working directory elsewhere needs a new container: it is told by a variable', () => {
    const moved = `${text}workingDirectory: /var/lib/hermes/desk\n`;
    expect(wantedIdentity(wanted(moved), factsFor(moved))).not.toBe(
      wantedIdentity(wanted(text), factsFor(text)),
    );
  });

  it("is the guide's for a package, and the command line is whole", () => {
    const declared = wanted(
      `${text}extraArgs: [--verbose]\ncontainer: {extraVolumes: ["/a:/b:ro"], extraOptions: ["--gpus", all]}\n`,
    );
    const layout: Layout = toLayout(declared, { uid: 990, gid: 991 }, toPackage(store, store));
    const args = createArgs(declared, layout, {
      idMap: undefined,
      selinux: false,
      identity: 'x',
      policy: 'unless-stopped',
    });
    expect(args.join(' ')).toBe(
      [
        'create --name hermes-agent --label hermes-shim.managed=/var/lib/hermes --label hermes-shim.identity=x --label hermes-shim.image=docker.io/library/ubuntu:24.04',
        '--restart=unless-stopped --entrypoint /data/current-entrypoint --network=host',
        '--volume /nix/store:/nix/store:ro --volume /var/lib/hermes:/data --volume /var/lib/hermes/home:/home/hermes --volume /a:/b:ro',
        '--env HERMES_UID=990 --env HERMES_GID=991 --env HERMES_HOME=/data/.hermes',
        '--env HERMES_MANAGED=hermes-shim (on the host: edit hermes-shim.yaml, then run hermes-shim up)',
        '--env HOME=/home/hermes --env MESSAGING_CWD=/data/workspace --gpus all docker.io/library/ubuntu:24.04',
        '/data/current-package/bin/hermes gateway run --replace --verbose',
      ].join(' '),
    );
  });

  it("is the official image's without one", () => {
    const layout = toLayout(wanted(''), { uid: 990, gid: 991 });
    expect(layout).toMatchObject({
      volumes: ['/var/lib/hermes/.hermes:/opt/data'],
      entrypoint: undefined,
      hermesBin: '/opt/hermes/.venv/bin/hermes',
      command: ['gateway', 'run'],
    });
    const published = wanted('container: {extraOptions: ["-p", "8642:8642"]}\n');
    expect(
      createArgs(published, layout, { idMap: undefined, selinux: false, identity: 'x', policy: 'no' }),
    ).not.toContain('--network=host');
  });

  it('where SELinux guards the host, the container is let at its volumes', () => {
    const args = (text: string) =>
      createArgs(wanted(text), toLayout(wanted(text), { uid: 1, gid: 1 }), {
        idMap: undefined,
        selinux: true,
        identity: 'x',
        policy: 'no',
      });
    expect(args('')).toContain('--security-opt=label=disable');
    expect(args('container: {extraOptions: ["--security-opt=label=type:own"]}\n')).not.toContain(
      '--security-opt=label=disable',
    );
  });

  it.each([
    ['/nix/var/nix/profiles/default', store, '/nix/store'],
    ['/opt/hermes/current', '/opt/hermes/v1', '/opt/hermes'],
    ['/opt/hermes', '/opt/hermes', '/opt/hermes'],
    ['/home/me/hermes', '/srv/hermes', '/srv/hermes'],
  ])('the package %s, which is %s, is mounted by %s', (declared, real, mount) => {
    expect(toPackage(declared, real).mount).toBe(mount);
  });

  it('plugins are called as the store calls them, without the hash', () => {
    expect(pluginName('/nix/store/0123456789abcdfghijklmnpqrsvwxyz-hermes-lcm')).toBe(
      'hermes-shim-hermes-lcm',
    );
  });

  it('rootless, hermes is the caller, and every other id has its place', () => {
    const { inside, options } = idMapOf({ uids: 65_536, gids: 65_536 });
    expect(inside).toEqual({ uid: 10_000, gid: 10_000 });
    expect(options.slice(0, 3)).toEqual([
      '--uidmap=0:1:10000',
      '--uidmap=10000:0:1',
      '--uidmap=10001:10001:55536',
    ]);
    expect(subordinatesOf('other:1:2\nme:100000:4000\n', { name: 'me', uid: 5 })).toBe(4000);
    expect(subordinatesOf('5:100000:4000\n', { name: 'me', uid: 5 })).toBe(4000);
    expect(subordinatesOf('', { name: 'me', uid: 5 })).toBe(65_536);
  });
});

describe('what is shown of a change', () => {
  it('is what changed, and a little around it', () => {
    const before = [...'abcdefgh'].join('\n');
    expect(lineDiff(`${before}\n`, `${before.replace('d', 'X\nY')}\n`)).toEqual([
      '  b',
      '  c',
      '- d',
      '+ X',
      '+ Y',
      '  e',
      '  f',
      '…',
    ]);
    expect(lineDiff('', 'a\n')).toEqual(['+ a']);
  });
  it.each(['  api_key: sk-1', 'Authorization: Bearer x', '- token: "y"', 'MY_PASSWORD=z'])(
    'never a secret: %s',
    (line) => {
      expect(masked(line)).toMatch(/[:=] ?\*\*\*$/);
    },
  );
  it.each([
    ['openai: {api_key: sk-1234567890, model: x}', ['sk-1234567890']],
    ['openai: {model: x, api_key: "a b"}', ['a b']],
    ['keys:\n  - first\n  - second\n', ['first', 'second']],
    ['keys: [first, second]', ['first', 'second']],
    ['secret: |\n  first\n\n  second\nmodel: x\n', ['first', 'second']],
    ['password: >-\n  first\n', ['first']],
    ['db_passwd: "first\n  second"\n', ['first', 'second']],
    ['base: &k first\nlist: {token: *k}\n', ['first']],
    ['mcp: {args: [--api-key, first, --port, 80]}', ['first']],
    ['mcp: {args: [--api-key=first]}', ['first']],
    ['mcp: {env: {A_TOKEN: first}, headers: {Authorization: Bearer second}}', ['first', 'second']],
    ['url: https://me:first@example.org/x', ['first']],
    ['# api_key: first', ['first']],
    ['credentials: {user: first, pass: second}', ['first', 'second']],
    ['model: x   # sk-or-v1-first', ['sk-or-v1-first']],
  ])('never a secret of a config.yaml: %j', (config, secrets) => {
    for (const shown of [lineDiff('', config, true), lineDiff(config, 'a: b\n', true)]) {
      expect(shown.filter((line) => /^[+-]/.test(line)).length).toBeGreaterThanOrEqual(
        config.trim().split('\n').length,
      );
      for (const secret of secrets) expect(shown.join('\n')).not.toContain(secret);
    }
  });
  it('a secret that is another now is a change', () => {
    expect(lineDiff('m: x\nkeys:\n  - a\n', 'm: x\nkeys:\n  - b\n', true)).toEqual([
      '  m: x',
      '  keys:',
      '-   - ***',
      '+   - ***',
    ]);
    expect(lineDiff('keys:\n  - one\n', 'names:\n  - one\n', true).join()).not.toContain('one');
  });
  it('but what is none', () => {
    const config = 'model: {default: key-west, port: 80}   # a comment\nlist:\n  - a\n';
    expect(lineDiff('', config, true).join('\n')).toBe(
      '+ model: {default: key-west, port: 80}   # a comment\n+ list:\n+   - a',
    );
  });
  it('but what is none, in a line', () => expect(masked('model: key-west')).toBe('model: key-west'));
});

describe('the systemd unit', () => {
  const of = {
    asRoot: true,
    engine: 'docker',
    binary: '/usr/bin/docker',
    containerName: 'hermes-agent',
    restart: 'always',
    restartSec: 5,
    env: {},
  } as const;

  it("starts the container attached, as the guide's does, and stops it cleanly", () => {
    expect(unitText(of)).toBe(`# Written by hermes-shim up --install; hermes-shim up --uninstall removes it.
[Unit]
Description=Hermes Agent (container)
Wants=network-online.target
After=network-online.target docker.service
Requires=docker.service

[Service]
Type=simple
ExecStart=/usr/bin/docker start --attach hermes-agent
ExecStop=/usr/bin/docker stop -t 10 hermes-agent
Restart=always
RestartSec=5
SuccessExitStatus=143 SIGTERM
TimeoutStopSec=30

[Install]
WantedBy=multi-user.target
`);
  });

  it("a user's begins with their login", () => {
    const text = unitText({
      ...of,
      asRoot: false,
      engine: 'podman',
      binary: '/opt/my tools/podman',
      env: { DOCKER_HOST: 'unix:///x%y' },
    });
    expect(text).toContain('WantedBy=default.target');
    expect(text).toContain('ExecStart="/opt/my tools/podman" start');
    expect(text).toContain('Environment=DOCKER_HOST=unix:///x%%y');
    expect(text).not.toContain('Requires=');
  });

  it('quotes what systemd would take apart', () => expect(quoteUnitWord('a"b $c')).toBe('"a\\"b $$c"'));

  it.each([
    ['always', false, 'unless-stopped'],
    ['on-failure', false, 'on-failure'],
    ['no', false, 'no'],
    ['always', true, 'no'],
  ] as const)("restart %s, by a unit: %s, is the engine's %s", (restart, byUnit, policy) => {
    expect(restartPolicy(restart, byUnit)).toBe(policy);
  });
});
