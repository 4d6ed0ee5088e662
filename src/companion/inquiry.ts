import { posix } from 'node:path';
import { waitBudgetMs } from '../engine/budget.ts';
import { isYoung } from '../engine/readiness.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import type { Caller } from '../route/caller.ts';
import { sleep } from '../system/sleep.ts';
import askHermes from './ask-hermes.sh';
import type { Candidate } from './candidates.ts';
import { runScriptProbe } from './run-probe.ts';

/** What a container says of its own hermes. */
export type Findings = {
  /** who owns the home in there, by name where it has one: the user that hermes is there */
  readonly user: string | undefined;
  /** the same in numbers, `uid:gid` */
  readonly owner: string | undefined;
  /** the home is not yet the user's that hermes will be: the official image gives it away as it starts */
  readonly unsettled: boolean;
  /** where hermes is: the module's place, then all on the container's own PATH */
  readonly bins: readonly Bin[];
};

/** A hermes in a container; `siblings`: hermes-agent lies beside it. */
export type Bin = { readonly path: string; readonly siblings: boolean };

/**
 * Asks a container who hermes is in there and where it lies; starts no hermes.
 * @throws {Failure} 125 when it could not be asked
 */
export async function inquire(
  { via, container, containerHome }: Candidate,
  caller: Caller,
): Promise<Findings> {
  const home = containerHome ?? '/';
  const module = posix.join(posix.dirname(home), 'current-package/bin/hermes');
  const asked = {
    containerId: container.id,
    user: '0',
    script: askHermes,
    name: 'hermes-enable',
    args: [home, module],
  };
  const { ok, stdout, words: complaint } = await runScriptProbe(via, asked, caller.env);
  if (!ok) {
    const sentence = `container '${container.name}' could not be asked (${escapeControls(complaint, 160)})`;
    throw new Failure(exitCodes.cannotRoute, sentence, [
      { label: 'say it', text: 'hermes-shim enable --user USER --bin PATH' },
    ]);
  }
  return readFindings(stdout);
}

/** Reads what the script printed; of two names for one uid the first counts, as in passwd(5). */
export function readFindings(stdout: string): Findings {
  const said = stdout
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)] as const);
  const first = (key: string): string | undefined => said.find(([word]) => word === key)?.[1];
  const owner = first('owner');
  const hermes = first('hermes');
  return {
    owner,
    user: first('user') ?? owner,
    unsettled: owner !== undefined && hermes !== undefined && owner.split(':')[0] !== hermes,
    bins: said.flatMap(([word, path]) =>
      word === 'family' || word === 'alone' ? [{ path, siblings: word === 'family' }] : [],
    ),
  };
}

/**
 * Which hermes a user shall run: the first, but rather one that has hermes-agent beside it. root takes the first
 * whatever lies beside it: on the official image's PATH that is the one which gives root up.
 */
export function chooseBin(bins: readonly Bin[], user: string): string | undefined {
  const isRoot = /^(root|0)(:|$)/.test(user);
  const complete = isRoot ? undefined : bins.find(({ siblings }) => siblings);
  return (complete ?? bins[0])?.path;
}

/** How often a container is asked that is still setting itself up, in milliseconds. */
const everyMs = 250;

/** The same, waited for where a young container has not yet given the home to hermes. */
export async function inquireWhenSettled(candidate: Candidate, caller: Caller): Promise<Findings> {
  const endMs = performance.now() + waitBudgetMs(caller.env, false);
  for (;;) {
    const findings = await inquire(candidate, caller);
    const worthIt = findings.unsettled && isYoung(candidate.container, Date.now());
    if (!worthIt || performance.now() > endMs) return findings;
    await sleep(everyMs);
  }
}
