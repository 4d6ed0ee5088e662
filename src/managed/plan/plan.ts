import { escapeControls } from '../../report/escape.ts';
import { sayShared } from '../engine/sharing.ts';
import { commandOf } from '../file/command.ts';
import type { Wanted } from '../file/wanted.ts';
import { planAccess } from './access.ts';
import { planContainer, wantedIdentity } from './container.ts';
import type { Facts } from './facts.ts';
import { planFiles } from './files.ts';
import { restartPolicy } from './identity.ts';
import type { Plan, Step } from './steps.ts';

/**
 * The plan: from what is wanted and what is to what is done, in the order in which it is done. Pure.
 * @param options.force makes a new container whatever its identity
 * @throws {Failure} 125 for what stands in the way
 */
export function makePlan(
  wanted: Wanted,
  facts: Facts,
  { nowMs, force = false }: { nowMs: number; force?: boolean },
): Plan {
  const user: readonly Step[] =
    facts.owner === undefined
      ? [{ kind: 'make-user', user: wanted.user, group: wanted.group, home: wanted.stateDir }]
      : [];
  const files = planFiles(wanted, facts);
  const container = planContainer(wanted, facts, nowMs, force);
  const access = planAccess(wanted, facts);
  const identity = wantedIdentity(wanted, facts);
  const notes = [
    ...facts.sharing.map(sayShared),
    ...access.notes,
    ...restartNote(wanted, files, container, facts),
    ...policyNote(wanted, container, facts),
  ];
  const told = planIdentityFile(wanted, facts, identity);
  return { steps: [...user, ...files, ...container, ...told, ...access.steps], notes, identity };
}

/** For people to look at: what counts is the container's label, since the container can write the file. */
function planIdentityFile(wanted: Wanted, facts: Facts, identity: string): readonly Step[] {
  // with the official image the state directory can be somebody's home: nothing but .hermes in it is ours
  if (wanted.kind === 'official') return [];
  const path = `${wanted.stateDir}/.container-identity`;
  const content = Buffer.from(`${identity}\n`);
  const now = facts.found.get(path);
  const before = now?.kind === 'file' ? now.content : undefined;
  if (before?.equals(content)) return [];
  const ownership = { ...(facts.owner ?? { uid: -1, gid: -1 }), mode: 0o644 };
  return [{ kind: 'file', path, content, before, secret: false, ownership }];
}

/** What this engine cannot do to a container that is there, and stays so until there is another. */
function policyNote(wanted: Wanted, container: readonly Step[], facts: Facts): readonly string[] {
  const { container: made } = facts.engine;
  const policy = restartPolicy(wanted.restart, facts.byUnit);
  const stays = made && made.restartPolicy !== policy && !container.some(({ kind }) => kind === 'create');
  if (!stays || !facts.policyIsFixed) return [];
  return [
    `the container's restart policy stays ${escapeControls(made.restartPolicy, 40)}: this podman cannot change it to ${policy} (5.1 can). A new container has it: ${commandOf(wanted, 'recreate')}`,
  ];
}

/** What to do about what hermes reads at its start only: how the note begins. */
export const readAtStart = 'the gateway reads that at its start: ';

/** What hermes reads at its start only, changed under one that runs. */
function restartNote(
  wanted: Wanted,
  files: readonly Step[],
  container: readonly Step[],
  facts: Facts,
): readonly string[] {
  if (container.some(({ kind }) => kind === 'start') || facts.engine.container === undefined) return [];
  const read = files.some(
    (step) =>
      (step.kind === 'file' && /\/(config\.yaml|\.env|auth\.json|current-entrypoint)$/.test(step.path)) ||
      (step.kind === 'link' && /\/(current-package|plugins\/[^/]+)$/.test(step.path)),
  );
  return read ? [readAtStart + commandOf(wanted, 'restart')] : [];
}
