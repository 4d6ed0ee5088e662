import { existsSync, lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { type Fact, formatFact, type MetadataLine } from '../report/fact.ts';
import type { Hint } from '../report/failure.ts';
import { hintWord } from '../report/paste.ts';
import type { Caller } from '../route/caller.ts';
import { type ContainerRoute, decideRoute } from '../route/decide.ts';
import { ownDirectory } from '../route/home.ts';
import { isInside } from '../route/inside.ts';
import { errorCode } from '../system/error-code.ts';
import { realPath } from '../system/real-path.ts';
import { captureTrace, lastFact, lastWords } from './capture-trace.ts';
import { type Check, type CheckName, fail, failBy, skip, warn, well } from './check.ts';
import { withoutBypass } from './current-caller.ts';
import { haveBothMade } from './suggest-home.ts';

/** What was found on the way to a route; `because` says why there is none, as the end of a sentence. */
export type RouteChecks = {
  readonly checks: readonly Check[];
  readonly route: ContainerRoute | undefined;
  readonly because: string;
};

/** Everything that decides where a call runs, by the hot path's own decisions. */
export async function checkHome(caller: Caller): Promise<RouteChecks> {
  const before = [checkBypass(caller), checkInside(caller)];
  const captured = await captureTrace(() => decideRoute(withoutBypass(caller)));
  const about = (topic: Fact['about']): string | undefined => lastWords(captured.facts, topic) || undefined;
  if (captured.kind === 'failed') {
    // the decision that was not told any more is the one that failed
    const failed: CheckName = !about('pin') ? 'pin' : about('home') ? 'metadata' : 'home';
    const passed = (['pin', 'home'] as const).flatMap((name) =>
      about(name) ? [well(name, about(name) ?? '')] : [],
    );
    const because = `${failed === 'metadata' ? 'the metadata' : `the ${failed}`} cannot be used`;
    const rest = (['home', 'metadata'] as const).filter((name) => name !== failed && !about(name));
    return {
      checks: [
        ...before,
        ...passed,
        failBy(failed, captured.failure),
        ...rest.map((name) => skip(name, because)),
      ],
      route: undefined,
      because,
    };
  }
  const pin = well('pin', about('pin') ?? 'none');
  const found = lastFact(captured.facts, 'home');
  const home = found && formatFact(found);
  const route = captured.value;
  if (route.kind === 'container') {
    const metadata = well('metadata', metadataWords(captured.facts));
    const own = checkOwnLink(route, found?.from === 'the pin');
    return {
      checks: [...before, pin, well('home', home ?? route.homePath), own, metadata],
      route,
      because: '',
    };
  }
  if (isInside(caller.env)) {
    const because = 'this is the inside of the container';
    return {
      checks: [...before, skip('home', because), skip('metadata', because)],
      route: undefined,
      because,
    };
  }
  const because = 'without metadata hermes runs on this host';
  const homeCheck =
    found && 'visible' in found && found.visible
      ? well('home', formatFact(found))
      : fail('home', home ?? 'there is no hermes home: neither HERMES_HOME nor ~/.hermes', homeFixes);
  const missing =
    homeCheck.status === 'ok'
      ? fail('metadata', `${route.why}: every call runs on this host`, metadataFixes)
      : skip('metadata', 'there is no home');
  return { checks: [...before, pin, homeCheck, missing], route: undefined, because };
}

const homeFixes: readonly Hint[] = [
  {
    label: 'on NixOS',
    text: 'services.hermes-agent.container.hostUsers = [ "<user>" ]; sudo nixos-rebuild switch',
  },
  {
    label: 'elsewhere',
    text: 'export HERMES_HOME=<the directory that the container has as its HERMES_HOME>',
  },
  haveBothMade,
];

const metadataFixes: readonly Hint[] = [
  { label: 'with a container of your own', text: 'hermes-shim enable' },
  { label: 'on NixOS', text: 'services.hermes-agent.container.enable = true; sudo nixos-rebuild switch' },
];

/** The metadata's file, and what of it counts. */
function metadataWords(facts: readonly Fact[]): string {
  const lines = facts.filter((fact): fact is MetadataLine => fact.about === 'metadata' && 'line' in fact);
  const file = facts.find((fact) => fact.about === 'metadata' && !('line' in fact));
  const words = lines.map(({ key, value }) => `${key}=${value}`).join(', ');
  return `${file && formatFact(file)}: ${words || 'all by default'}`;
}

function checkBypass({ env }: Caller): Check {
  if (env.HERMES_DEV !== '1') return well('bypass', 'HERMES_DEV is not 1');
  const fixes = [{ label: 'leave it out', text: 'unset HERMES_DEV' }];
  return warn('bypass', 'HERMES_DEV=1: every call of this shell runs on this host', fixes);
}

function checkInside({ env }: Caller): Check {
  if (!isInside(env)) return well('inside', 'this is not the inside of the managed container');
  const fixes = [{ label: 'leave it', text: 'exit   # then hermes-shim doctor on the host' }];
  return fail('inside', 'this is the inside of the managed container: hermes runs right here', fixes);
}

/** The link that the setup guide describes: what has no HERMES_HOME (sudo, cron, units) finds the home by it. */
function checkOwnLink(route: ContainerRoute, byPin: boolean): Check {
  if (route.volume)
    return well('~/.hermes', `does not count: ${route.file} speaks for volume ${route.volume.name}`);
  const own = ownDirectory();
  if (own === undefined) return well('~/.hermes', 'this user has no directory of their own');
  const link = join(own, '.hermes');
  const target = hintWord(route.homeRoot);
  const onNixos: readonly Hint[] = existsSync('/etc/NIXOS')
    ? [
        {
          label: 'on NixOS',
          text: 'services.hermes-agent.container.hostUsers = [ "<user>" ]; sudo nixos-rebuild switch',
        },
      ]
    : [];
  let stat: Stats | undefined;
  try {
    stat = lstatSync(link, { throwIfNoEntry: false });
  } catch (error) {
    // HOME may be somebody else's, as after su without -l
    return warn('~/.hermes', `cannot be looked at (${link}: ${errorCode(error)})`, [
      { label: 'whose is it', text: `ls -ld ${hintWord(own)}` },
      { label: 'if HOME is not yours', text: 'export HOME="$(getent passwd "$(id -u)" | cut -d: -f6)"' },
    ]);
  }
  if (stat === undefined) {
    if (byPin) return well('~/.hermes', 'not there; the pin says where the home is');
    return warn(
      '~/.hermes',
      'not there: where HERMES_HOME does not reach (sudo, cron, units) hermes finds no home',
      [...onNixos, { label: 'link it', text: `ln -s ${target} ~/.hermes` }],
    );
  }
  if (realPath(link) === route.homeRoot)
    return well('~/.hermes', stat.isSymbolicLink() ? `leads to ${route.homeRoot}` : 'is the home itself');
  return warn(
    '~/.hermes',
    `is another home than ${route.homeRoot}: where HERMES_HOME does not reach, hermes uses that one`,
    [...onNixos, { label: 'put it aside', text: `mv ~/.hermes ~/.hermes.old && ln -s ${target} ~/.hermes` }],
  );
}
