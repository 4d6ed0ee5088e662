import type { Context } from '../managed/apply/context.ts';
import { escapeControls } from '../report/escape.ts';
import { asFailure, type Failure } from '../report/failure.ts';
import { decideRoute, type Route } from '../route/decide.ts';
import type { OutputStyle } from './answer.ts';
import { line } from './managed-plan.ts';

/** Why a call of this user does not get into the container that was made, and what lets it. */
type Detour = { readonly says: string; readonly fix: string };

/**
 * What a call of this user finds, now that the container is made: what the hot path decides, not what was intended.
 * @returns the last words of `up`
 */
export async function tellArrival({ caller, wanted }: Context): Promise<(look: OutputStyle) => string> {
  const route = await decideRoute(caller).catch(asFailure);
  const detour = findDetour(route, wanted.home, caller.env.HERMES_HOME);
  return (look) =>
    detour
      ? `${line('warning', detour.says, look)}    to get there:  ${detour.fix}\n`
      : '\nhermes now runs in the container. Try:  hermes chat\n';
}

/**
 * Where a call goes in place of the home that was made. Pure.
 * @param home the real path of that home
 * @param named `HERMES_HOME`
 */
export function findDetour(
  route: Route | Failure,
  home: string,
  named: string | undefined,
): Detour | undefined {
  const fix = named ? 'unset HERMES_HOME' : 'hermes-shim explain';
  if (!('kind' in route))
    return {
      says: `a call of hermes does not get there: ${route.sentence}`,
      fix: route.hints[0]?.text ?? fix,
    };
  if (route.kind === 'container' && route.volume !== undefined)
    return {
      says: `hermes of this user goes on into another container, '${escapeControls(route.metadata.containerName)}', by ${escapeControls(route.file)}`,
      fix: 'hermes-shim disable',
    };
  if (route.kind === 'container' && route.homeRoot === home) return undefined;
  if (named)
    return {
      says: `HERMES_HOME is ${escapeControls(named)}, another home than ${escapeControls(home)}`,
      fix,
    };
  const where = route.kind === 'native' ? `on this host: ${route.why}` : `by ${route.file}`;
  return { says: `a call of this user runs ${escapeControls(where)}`, fix };
}
