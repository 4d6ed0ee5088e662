import { mkdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { quoteCommand } from '../../report/quote.ts';
import { pinFile } from '../../route/pin.ts';
import { systemEnv } from '../../system/environment.ts';
import { runCommand } from '../../system/run-command.ts';
import { pull, removeArgs, runEngine, stopArgs, tryEngine } from '../engine/commands.ts';
import { asideName } from '../engine/facts.ts';
import type { Facts } from '../plan/facts.ts';
import type { Step } from '../plan/steps.ts';
import { dropUnit, install } from '../unit/install.ts';
import { remove, rename, sweep, writeFile, writeLink } from '../write/beneath.ts';
import { type Dir, inDirectory, look, ownDir, readLink, withRoot } from '../write/dir.ts';
import { findGroup, findUser } from './accounts.ts';
import type { Context } from './context.ts';
import { createContainer } from './create.ts';
import { atPlace, splitPath, withFileFailure } from './place.ts';
import { reach, routeOf } from './ready.ts';
import { startContainer, stopUnit } from './running.ts';

/**
 * Does one step. Files and links are whole or untouched. What takes several commands (`make-user`, `put-aside`, `put-back`)
 * can stop between two of them: the next plan goes on from what it finds.
 */
export async function perform(step: Step, context: Context, facts: Facts): Promise<void> {
  const { wanted, target } = context;
  const { containerName: name, stateDir } = wanted;
  const owner = facts.owner ?? { uid: 0, gid: 0 };
  switch (step.kind) {
    case 'make-user':
      return makeUser(step);
    case 'join-group':
      return asRoot(['usermod', '-aG', step.group, step.user], `let ${step.user} into group ${step.group}`);
    case 'directory':
      return makeDirectory(step, stateDir);
    case 'file':
      return atPlace(
        step.path,
        stateDir,
        (dir, base) => {
          sweep(dir);
          writeFile(dir, base, step.content, step.ownership);
        },
        { ...owner, mode: wanted.asRoot ? 0o2770 : 0o700 },
      );
    case 'link':
      return atPlace(step.path, stateDir, (dir, base) => writeLink(dir, base, step.target, owner));
    case 'remove':
      return atPlace(step.path, stateDir, (dir, base) => remove(dir, base));
    case 'gc-root':
      // without Nix's own tool there is nothing to keep it from; a failure is no reason to have no hermes
      await runCommand([step.tool, '--add-root', step.path, '--indirect', '-r', step.target], {
        env: { ...context.caller.env },
        timeoutMs: 60_000,
      });
      return;
    case 'pull':
      return pull(target, step.image, process.stderr.isTTY === true);
    case 'put-aside':
      await stopUnit(context);
      // docker renames nothing that starts over and over; nothing is removed before it has stopped
      if (facts.engine.container?.container.state.status === 'restarting')
        await runEngine(target, 'stop the container', stopArgs(name));
      if (step.older === 'dropped')
        await runEngine(target, 'remove the old container', removeArgs(target.via, asideName(name)));
      if (step.older === 'kept') {
        await runEngine(target, 'remove the container', removeArgs(target.via, name));
        return;
      }
      await runEngine(target, 'rename the container', ['rename', name, asideName(name)]);
      // podman stops nothing that is paused
      if (facts.engine.container?.container.state.status === 'paused')
        await runEngine(target, 'let the container go on', ['unpause', asideName(name)]);
      if (step.running) await runEngine(target, 'stop the container', stopArgs(asideName(name)));
      return;
    case 'put-back':
      await stopUnit(context);
      if (facts.engine.container)
        await runEngine(target, 'remove the container', removeArgs(target.via, name));
      await runEngine(target, 'rename the container', ['rename', asideName(name), name]);
      return;
    case 'create':
      return createContainer(step, context);
    case 'policy':
      await runEngine(target, 'set the restart policy', ['update', `--restart=${step.policy}`, name]);
      return;
    case 'unit':
      return install(step, context);
    case 'drop-unit':
      return dropUnit(step, context);
    case 'watch':
    case 'start':
      // a run that was killed may have left both running on one home
      if (facts.engine.aside) await tryEngine(target, stopArgs(asideName(name)));
      // the one that was paused may have been replaced meanwhile
      if (facts.engine.container?.container.state.status === 'paused')
        await tryEngine(target, ['unpause', name]);
      return startContainer(context);
    case 'ready':
      await reach(context, routeOf(context, facts));
      return;
    case 'drop-aside':
      await runEngine(target, 'remove the old container', removeArgs(target.via, asideName(name)));
      return;
    case 'pin':
      return writePin(step.text);
    case 'unpin':
      return withFileFailure(pinFile, () =>
        withRoot(dirname(pinFile), (dir) => remove(dir, basename(pinFile))),
      );
    case 'bridge':
      return makeBridge(step);
    case 'unbridge':
      return inHome(step.userHome, (dir) => {
        if (readLink(dir, '.hermes') === step.target) remove(dir, '.hermes');
      });
  }
}

type Of<K extends Step['kind']> = Extract<Step, { kind: K }>;

async function makeUser({ user, group, home }: Of<'make-user'>): Promise<void> {
  const ownGroup = group ?? user;
  if ((await findGroup(ownGroup)) === undefined)
    await asRoot(['groupadd', '--system', ownGroup], `make the group ${ownGroup}`);
  if ((await findUser(user)) !== undefined) return;
  const words = [
    '--system',
    '--gid',
    ownGroup,
    '--home-dir',
    home,
    '--no-create-home',
    '--shell',
    '/bin/sh',
    user,
  ];
  await asRoot(['useradd', ...words], `make the user ${user}`);
}

async function asRoot(argv: readonly string[], doing: string): Promise<void> {
  const result = await runCommand(argv, { env: systemEnv, timeoutMs: 60_000 });
  if (result.kind === 'exited' && result.code === 0) return;
  const said =
    result.kind === 'exited'
      ? (result.stderr.trim().split('\n').at(-1) ?? '')
      : result.kind === 'not-started'
        ? `no ${argv[0]} on this host`
        : 'it did not end';
  throw new Failure(exitCodes.cannotRoute, `could not ${doing} (${escapeControls(said, 200)})`, [
    { label: 'try it', text: `sudo ${quoteCommand(argv)}` },
  ]);
}

function makeDirectory({ path, ownership }: Of<'directory'>, stateDir: string): void {
  if (path === stateDir) withFileFailure(path, () => void mkdirSync(path, { recursive: true, mode: 0o755 }));
  const { root, names } = splitPath(path, stateDir);
  withFileFailure(path, () =>
    withRoot(root, (dir) => inDirectory(dir, names, (inner) => ownDir(inner, ownership), ownership)),
  );
}

function writePin(text: string): void {
  const directory = dirname(pinFile);
  withFileFailure(pinFile, () => {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    withRoot(directory, (dir) => writeFile(dir, 'container-mode', text, { uid: 0, gid: 0, mode: 0o644 }));
  });
}

/** Works in somebody's home: they may exchange names there, too. */
function inHome(home: string, use: (dir: Dir) => void): void {
  withFileFailure(`${home}/.hermes`, () => withRoot(home, use));
}

/** As the guide does it: a directory is kept under another name, a link is replaced. */
function makeBridge({ userHome, uid, gid, target }: Of<'bridge'>): void {
  inHome(userHome, (dir) => {
    const now = look(dir, '.hermes');
    if (now !== undefined && !now.isSymbolicLink())
      rename(dir, '.hermes', `.hermes.bak.${Math.floor(Date.now() / 1000)}`);
    writeLink(dir, '.hermes', target, { uid, gid });
  });
}
