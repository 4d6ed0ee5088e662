import { existsSync } from 'node:fs';
import { joinDocker, joinPodman, podmanUnit } from '../engine/privilege-rules.ts';
import { formatFact, type TransportFact, type WhyClient } from '../report/fact.ts';
import type { Hint } from '../report/failure.ts';
import type { Caller } from '../route/caller.ts';
import { ownUserName } from '../system/user-name.ts';
import { advise, type Check, skip, well } from './check.ts';

/** Who would follow the advice, and where. */
type Reader = { readonly uid: number; readonly userName: string; readonly onNixos: boolean };

/** By the API or by the client, and why; where something makes calls faster, that. Nothing of it is a fault. */
export function checkTransport(
  fact: TransportFact | undefined,
  { uid }: Pick<Caller, 'uid'>,
  { userName, onNixos }: Partial<Reader> = {},
): Check {
  if (fact === undefined) return skip('transport', 'no engine has answered');
  if ('socket' in fact) return well('transport', formatFact(fact));
  const reader = {
    uid,
    userName: userName ?? ownUserName() ?? String(uid),
    onNixos: onNixos ?? existsSync('/etc/NIXOS'),
  };
  return advise('transport', formatFact(fact), advice(fact.engine, fact.why, reader));
}

function advice(engine: string, why: WhyClient, { uid, userName, onNixos }: Reader): readonly Hint[] {
  const about = { userName, onNixos };
  switch (why.kind) {
    case 'sudo':
      return [{ label: 'faster', text: (engine === 'podman' ? joinPodman : joinDocker)(about) }];
    case 'setting':
      return [{ label: 'faster', text: `unset ${why.name}` }];
    case 'no-socket':
      return engine === 'podman'
        ? [{ label: 'faster', text: podmanUnit({ own: uid !== 0 && isOwn(why.socket), onNixos }) }]
        : [];
    case 'elsewhere':
    case 'stranger':
    case 'unanswered':
      return [];
  }
}

/** A user's own podman listens in a directory of theirs (podman-system-service(1)), root's here. */
function isOwn(socket: string): boolean {
  return !socket.startsWith('/run/podman/');
}
