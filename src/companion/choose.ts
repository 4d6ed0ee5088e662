import { composedBy } from '../engine/compose.ts';
import { toContainerPath, toHost } from '../engine/mounts.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure, type Hint } from '../report/failure.ts';
import { quoteWord } from '../report/quote.ts';
import { realPath } from '../system/real-path.ts';
import type { Candidate, Search } from './candidates.ts';
import { chooseGateway } from './role.ts';

/**
 * Chooses the container to enable.
 * @param wanted `--container` and `--service`
 * @throws {Failure} 125 none or several: which there are, and what to do
 */
export function chooseCandidate(
  search: Search,
  homeRoot: string,
  wanted: { container: string | undefined; service: string | undefined },
): Chosen {
  const named = search.candidates.filter(
    ({ container }) =>
      (wanted.container === undefined || container.name === wanted.container) &&
      (wanted.service === undefined || composedBy(container)?.service.name === wanted.service),
  );
  const ours = named.filter(({ containerHome }) => containerHome !== undefined);
  const [first, second] = ours;
  if (first === undefined) {
    const asked = wanted.container ?? wanted.service;
    if (asked === undefined) throw none(search, homeRoot);
    throw named[0] ? notOurs(named[0], homeRoot) : noneNamed(search, wanted);
  }
  if (second === undefined || wanted.container !== undefined) return { chosen: first, why: undefined };
  const gateway = chooseGateway(ours);
  if (gateway === undefined) throw several(ours, homeRoot);
  return gateway;
}

/** The container to enable; `why`: of several, as the end of a sentence that begins with its name. */
export type Chosen = { readonly chosen: Candidate; readonly why: string | undefined };

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

function noneNamed(
  search: Search,
  wanted: { container: string | undefined; service: string | undefined },
): Failure {
  const { container: name, service } = wanted;
  if (name === undefined && service !== undefined) {
    const services = search.candidates.flatMap(({ container }) => composedBy(container)?.service.name ?? []);
    return failure(
      `no running container is compose's service '${escapeControls(service, 255)}' (running: ${services.join(', ') || 'none'})`,
      [
        ...silentHints(search),
        {
          label: 'start it',
          text: `docker compose up -d ${quoteWord(service)}   # where its compose file lies`,
        },
      ],
    );
  }
  const names = search.candidates.map(({ container }) => container.name).join(', ') || 'none';
  const of = service === undefined ? '' : ` and is compose's service '${escapeControls(service, 255)}'`;
  return failure(
    `no running container is called '${escapeControls(name ?? '', 255)}'${of} (running: ${escapeControls(names)})`,
    [
      ...silentHints(search),
      { label: 'start it', text: `docker start ${quoteWord(name ?? '')}   # or podman` },
    ],
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
      `${name} keeps its home ${escapeControls(declared ?? '')} on the volume '${escapeControls(volume)}'; the home here is the directory ${home}`,
      [
        {
          label: "use the container's",
          text: `env -u HERMES_HOME hermes-shim enable --container ${container.name}   # and leave HERMES_HOME unset`,
        },
        {
          label: 'or make it again with',
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

/** No container declares this home: the nearest miss is told, if there is one and all have answered. */
function none(search: Search, homeRoot: string): Failure {
  const near =
    search.candidates.find(({ volume }) => volume !== undefined) ??
    search.candidates.find(({ container }) => container.env.has('HERMES_HOME')) ??
    search.candidates.find(({ container }) => toContainerPath(homeRoot, container, realPath) !== undefined);
  if (near !== undefined && search.unknown.length === 0) return notOurs(near, homeRoot);
  return failure(`no running container declares the home ${escapeControls(homeRoot)}`, [
    ...silentHints(search),
    {
      label: 'start one',
      text: `docker run -d --name hermes --network=host -v ${quoteWord(homeRoot)}:/opt/data -e HERMES_HOME=/opt/data IMAGE   # or podman`,
    },
  ]);
}

/** Whoever could not be asked. */
export function silentHints({ silent, unknown }: Search): readonly Hint[] {
  return [...silent, ...unknown].map((text) => ({ label: 'not asked', text }));
}
