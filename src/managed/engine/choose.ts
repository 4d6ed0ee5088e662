import type { EngineAccess } from '../../engine/access.ts';
import { endpointOf, remoteAddress } from '../../engine/endpoint.ts';
import { locateEngine } from '../../engine/locate.ts';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import type { Engine } from '../../route/metadata.ts';
import type { Environment } from '../../system/environment.ts';

/**
 * The engine that makes the container: the one that is declared, else the one that made it before, else the first that
 * is there. Always directly: what sudo is needed for is done by `sudo hermes-shim`.
 * @throws {Failure} 125 none, or one on another machine
 */
export async function chooseEngine(
  declared: Engine | undefined,
  remembered: Engine | undefined,
  env: Environment,
): Promise<EngineAccess> {
  const wanted = declared ?? remembered;
  const order: readonly Engine[] = wanted ? [wanted] : ['docker', 'podman'];
  for (const engine of order) {
    const binary = locateEngine(engine, env);
    if (binary === undefined) continue;
    const via: EngineAccess = { engine, binary, access: { kind: 'direct' } };
    const remote = await remoteAddress(via, endpointOf(via, env), env);
    if (remote === undefined) return via;
    throw new Failure(
      exitCodes.cannotRoute,
      `${engine} runs on another machine (${escapeControls(remote)}), which cannot have directories of this one`,
      [
        {
          label: 'use the one here',
          text: 'unset DOCKER_HOST DOCKER_CONTEXT CONTAINER_HOST CONTAINER_CONNECTION',
        },
      ],
    );
  }
  throw new Failure(exitCodes.cannotRoute, `there is no ${order.join(' and no ')} on this machine`, [
    { label: 'install one', text: 'sudo apt install podman   # or docker.io; dnf, pacman, zypper likewise' },
    ...(wanted
      ? [
          {
            label: 'or use the other',
            text: `container.backend: ${wanted === 'docker' ? 'podman' : 'docker'}`,
          },
        ]
      : []),
  ]);
}
