/** A container of the official image whose home is a named volume, and a caller who has said nothing of a home. */
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Ended } from './call.ts';
import type { ContainerOptions, ManagedContainer } from './container.ts';
import type { ShimName } from './installed.ts';
import { type EngineMode, engines } from './modes.ts';
import { officialContainer } from './official.ts';

export interface VolumeHome extends AsyncDisposable {
  container: ManagedContainer;
  volume: string;
  /** The caller's XDG_CONFIG_HOME, theirs. */
  config: string;
  /** `<config>/hermes-shim/container-mode`. */
  file: string;
  env: Record<string, string | undefined>;
  call(name: ShimName, args: readonly string[], env?: Record<string, string | undefined>): Promise<Ended>;
}

export async function volumeHome(mode: EngineMode, options: ContainerOptions = {}): Promise<VolumeHome> {
  const volume = options.volume ?? `hermes-home-${randomBytes(4).toString('hex')}`;
  const container = await officialContainer(mode, { ...options, volume });
  const config = join(container.root, 'config');
  mkdirSync(config, { mode: 0o755 });
  if (engines.asRoot) chownSync(config, container.caller.uid, container.caller.gid);
  const env = { HERMES_HOME: undefined, XDG_CONFIG_HOME: config, HERMES_SHIM_WAIT: '0' };
  return {
    ...{ container, volume, config, env, file: join(config, 'hermes-shim/container-mode') },
    call: (name, args, more = {}) => container.hermes(args, { name, env: { ...env, ...more } }),
    async [Symbol.asyncDispose]() {
      await container.remove();
      await container.ask(['volume', 'rm', '-f', volume]);
      await container[Symbol.asyncDispose]();
    },
  };
}
