import { toHost } from '../engine/mounts.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure, type Hint } from '../report/failure.ts';
import { quoteWord } from '../report/quote.ts';
import type { Caller } from '../route/caller.ts';
import { realPath } from '../system/real-path.ts';
import type { Candidate, Search } from './candidates.ts';
import { silentHints } from './choose.ts';

/** For whoever has neither a home nor a container. */
export const haveBothMade: Hint = {
  label: 'or have a home and its container made',
  text: 'hermes-shim init && hermes-shim up',
};

/** There is no home on this host to enable: where one may be, as running containers declare theirs. */
export function homeToMake(caller: Caller, search: Search): Failure {
  const named = caller.env.HERMES_HOME;
  const sentence = named
    ? `there is no directory ${escapeControls(named)} (HERMES_HOME)`
    : 'there is no hermes home: neither HERMES_HOME nor ~/.hermes';
  return new Failure(exitCodes.cannotRoute, sentence, [
    ...search.candidates.flatMap(declaredElsewhere),
    ...silentHints(search),
    haveBothMade,
    {
      label: 'or make them yourself',
      text: 'mkdir ~/.hermes && docker run -d --name hermes --network=host -v ~/.hermes:/opt/data -e HERMES_HOME=/opt/data IMAGE',
    },
  ]);
}

function declaredElsewhere({ container }: Candidate): readonly Hint[] {
  const declared = container.env.get('HERMES_HOME');
  const path = declared && toHost(declared, container, realPath)?.path;
  return path
    ? [
        {
          label: `container '${container.name}' has one`,
          text: `HERMES_HOME=${quoteWord(path)} hermes-shim enable`,
        },
      ]
    : [];
}
