import { composedBy } from '../engine/compose.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import { hintWord } from '../report/paste.ts';
import type { Caller } from '../route/caller.ts';
import { isUnnamed } from '../route/metadata.ts';
import type { Search } from './candidates.ts';
import type { Chosen } from './choose.ts';
import type { EnableOptions } from './request.ts';
import { chooseGateway } from './role.ts';

/**
 * Chooses a container whose home lies on a volume: the one that was named, or, where there is no home on this host, the
 * only one. Where there is a home, nobody's hermes is sent to another without being asked.
 * @returns `undefined` where it is no matter of volumes
 * @throws {Failure} 125 when it is, but cannot be done: HERMES_HOME would win, or nobody has named the volume
 */
export function chooseVolume(
  search: Search,
  { env }: Caller,
  options: Pick<EnableOptions, 'container' | 'service'>,
  hasHome: boolean,
): Chosen | undefined {
  const { container: name, service } = options;
  const asked = name !== undefined || service !== undefined;
  if (hasHome && !asked) return undefined;
  const named = search.candidates.filter(
    ({ container }) =>
      (name === undefined || container.name === name) &&
      (service === undefined || composedBy(container)?.service.name === service),
  );
  if (named.some(({ containerHome }) => containerHome !== undefined)) return undefined;
  const onVolumes = named.filter(({ volume }) => volume !== undefined);
  const [only, second] = onVolumes;
  if (only === undefined) return undefined;
  const choice: Chosen | undefined =
    second === undefined ? { chosen: only, why: undefined } : chooseGateway(onVolumes);
  if (choice === undefined) throw several(onVolumes.map(({ container }) => container.name));
  const { container, volume = '' } = choice.chosen;
  if (isUnnamed(volume)) throw unnamed(container.name, container.env.get('HERMES_HOME') ?? '');
  if (env.HERMES_HOME) throw homeWins(env.HERMES_HOME, container.name, volume);
  return choice;
}

function several(names: readonly string[]): Failure {
  return new Failure(
    exitCodes.cannotRoute,
    `${names.length} running containers have a home on a volume`,
    names.map((name) => ({ label: 'choose', text: `hermes-shim enable --container ${name}` })),
  );
}

function unnamed(name: string, home: string): Failure {
  const sentence = `container '${name}' keeps its home on a volume without a name, which ends with it`;
  return new Failure(exitCodes.cannotRoute, sentence, [
    {
      label: 'make it again with',
      text: `-v ${hintWord(`hermes-home:${home}`)}   # copy the files first`,
    },
  ]);
}

function homeWins(home: string, name: string, volume: string): Failure {
  const sentence = `container '${name}' keeps its home on the volume '${volume}', but HERMES_HOME is set and wins: ${escapeControls(home)}`;
  return new Failure(exitCodes.cannotRoute, sentence, [
    { label: 'without it', text: `unset HERMES_HOME; hermes-shim enable --container ${name}` },
  ]);
}
