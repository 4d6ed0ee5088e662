import { toContainerPath, toHost } from '../engine/mounts.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure, type Hint } from '../report/failure.ts';
import { quoteWord } from '../report/quote.ts';
import { realPath } from '../system/real-path.ts';
import type { Candidate, Search } from './candidates.ts';

/**
 * Chooses the container to enable.
 * @param wanted `--container`
 * @throws {Failure} 125 none or several: which there are, and what to do
 */
export function chooseCandidate(search: Search, homeRoot: string, wanted: string | undefined): Candidate {
  const ours = search.candidates.filter(({ containerHome }) => containerHome !== undefined);
  if (wanted !== undefined) {
    const named = search.candidates.filter(({ container }) => container.name === wanted);
    const [only] = named;
    if (only === undefined) throw noneNamed(search, wanted);
    const fitting = named.find(({ containerHome }) => containerHome !== undefined);
    if (fitting === undefined) throw notOurs(only, homeRoot);
    return fitting;
  }
  const [first, second] = ours;
  if (first === undefined) throw none(search, homeRoot);
  if (second !== undefined) throw several(ours, homeRoot);
  return first;
}

function failure(sentence: string, hints: readonly Hint[]): Failure {
  return new Failure(exitCodes.cannotRoute, sentence, hints);
}

function several(ours: readonly Candidate[], homeRoot: string): Failure {
  return failure(`${ours.length} running containers declare the home ${escapeControls(homeRoot)}`, [
    ...ours.map(
      ({ container, via }): Hint => ({
        label: via.engine,
        text: `hermes-shim enable --container ${container.name}${ours.filter((one) => one.container.name === container.name).length > 1 ? ` --backend ${via.engine}` : ''}`,
      }),
    ),
  ]);
}

function noneNamed(search: Search, wanted: string): Failure {
  const names = search.candidates.map(({ container }) => container.name).join(', ') || 'none';
  return failure(
    `no running container is called '${escapeControls(wanted, 255)}' (running: ${escapeControls(names)})`,
    [...silentHints(search), { label: 'start it', text: `docker start ${quoteWord(wanted)}   # or podman` }],
  );
}

/** Why a container is not ours, with what would make it so. */
function notOurs(candidate: Candidate, homeRoot: string): Failure {
  const { container, via, volume, why } = candidate;
  const declared = container.env.get('HERMES_HOME');
  const name = `container '${container.name}'`;
  const home = escapeControls(homeRoot);
  if (volume !== undefined) {
    return failure(
      `${name} keeps its home ${escapeControls(declared ?? '')} in the volume '${escapeControls(volume)}', which is no directory of yours: hermes on this host could not tell that it is the same home`,
      [
        {
          label: 'make it again with',
          text: `-v ${quoteWord(homeRoot)}:${quoteWord(declared ?? '/opt/data')}   # in place of the volume; copy its files first: ${via.engine} cp ${container.name}:${quoteWord(declared ?? '/opt/data')}/. ${quoteWord(homeRoot)}`,
        },
      ],
    );
  }
  const mounted = declared ? undefined : toContainerPath(homeRoot, container, realPath);
  if (mounted !== undefined) {
    return failure(`${name} has ${home} at ${escapeControls(mounted)}, but ${why}`, [
      { label: 'make it again with', text: `-e HERMES_HOME=${quoteWord(mounted)}` },
    ]);
  }
  const elsewhere = declared ? toHost(declared, container, realPath)?.path : undefined;
  return failure(`${name} ${why}; the home here is ${home}`, [
    ...(elsewhere
      ? [
          {
            label: 'use its home',
            text: `HERMES_HOME=${quoteWord(elsewhere)} hermes-shim enable --container ${container.name}`,
          },
        ]
      : []),
    { label: 'or make it again with', text: `-v ${quoteWord(homeRoot)}:/opt/data -e HERMES_HOME=/opt/data` },
  ]);
}

/** No container declares this home: the nearest miss is told, if there is one. */
function none(search: Search, homeRoot: string): Failure {
  const near =
    search.candidates.find(({ volume }) => volume !== undefined) ??
    search.candidates.find(({ container }) => container.env.has('HERMES_HOME')) ??
    search.candidates.find(({ container }) => toContainerPath(homeRoot, container, realPath) !== undefined);
  if (near !== undefined) return notOurs(near, homeRoot);
  return failure(`no running container declares the home ${escapeControls(homeRoot)}`, [
    ...silentHints(search),
    {
      label: 'start one',
      text: `docker run -d --name hermes --network=host -v ${quoteWord(homeRoot)}:/opt/data -e HERMES_HOME=/opt/data IMAGE   # or podman`,
    },
  ]);
}

function silentHints({ silent }: Search): readonly Hint[] {
  return silent.map((text) => ({ label: 'not asked', text }));
}
