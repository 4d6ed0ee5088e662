import { existsSync } from 'node:fs';
import type { TransportFact, WhyClient } from '../../report/fact.ts';
import type { Environment } from '../../system/environment.ts';
import type { Api, EngineAccess } from '../access.ts';
import type { Endpoint } from '../endpoint.ts';
import { foreignSetting, isTrusted, podmanServiceSocket, socketOf, type Whose } from './socket.ts';

/** What is seen of a socket; exchanged in tests. */
type Sight = {
  readonly exists: (socket: string) => boolean;
  readonly trusted: (socket: string, uid: number) => boolean;
};

type Settings = { readonly env: Environment; readonly endpoint: Endpoint; readonly whose: Whose };

/** How an engine that has just answered is spoken to: by the API that answered, or by its client. */
export function transportFact(via: EngineAccess, api: Api | undefined, settings: Settings): TransportFact {
  if (api) return { about: 'transport', socket: api.socket, version: api.version };
  return { about: 'transport', engine: via.engine, why: whyClient(via, settings) };
}

/**
 * Why an engine that has just answered is spoken to by its client: for whoever asks (`doctor`, `explain`, a trace), by the
 * same rules by which `apiSocket` has chosen.
 */
export function whyClient(
  { engine, access }: EngineAccess,
  { env, endpoint, whose }: Settings,
  { exists = existsSync, trusted = isTrusted }: Partial<Sight> = {},
): WhyClient {
  if (access.kind === 'sudo') return { kind: 'sudo', tool: access.tool };
  if (endpoint.kind === 'context') return { kind: 'elsewhere', address: `context ${endpoint.name}` };
  const unnamed = engine === 'podman' && endpoint.kind === 'default';
  const socket = unnamed ? podmanServiceSocket(env, whose) : socketOf(endpoint);
  if (socket === undefined)
    return { kind: 'elsewhere', address: endpoint.kind === 'address' ? endpoint.address : 'it' };
  const setting = engine === 'docker' ? foreignSetting(env) : undefined;
  if (setting) return { kind: 'setting', name: setting };
  if (!exists(socket)) return { kind: 'no-socket', socket };
  return { kind: trusted(socket, whose.uid) ? 'unanswered' : 'stranger', socket };
}
