import { posix } from 'node:path';
import type { Reached } from '../../engine/reach.ts';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import type { Caller } from '../../route/caller.ts';
import type { ContainerRoute } from '../../route/decide.ts';
import { commandInContainer } from '../../route/name.ts';
import { realPath } from '../../system/real-path.ts';
import { statField } from '../../system/stat.ts';
import { toWire } from './bytes.ts';
import type { Plan } from './command.ts';
import { chooseConnection, type Descriptors } from './descriptors.ts';
import { currentDirectory, startDirectories } from './directory.ts';
import { pickForwarded } from './environment.ts';
import { newSessionId } from './session-id.ts';

/**
 * Puts together all that decides the session's command line. Changes nothing; reads the current directory, the umask,
 * /proc (words that are no UTF-8, namespaces) and /dev/urandom, and resolves the sources of bind mounts.
 * @param sized the caller's terminal, if any, has a size
 */
export function planSession(
  reached: Reached,
  route: ContainerRoute,
  caller: Caller,
  descriptors: Descriptors,
  sized = true,
): Plan {
  const { container, containerHome, user, via } = reached;
  const { bin, args } = commandInContainer(caller.name, route.metadata.hermesBin, caller.args);
  const own = toWire(caller.args);
  const given = args.slice(0, args.length - caller.args.length);
  const local = containerHome !== undefined;
  const forwarded = pickForwarded(caller.env);
  return {
    via,
    containerId: container.id,
    connection: chooseConnection(descriptors, caller.env),
    forwarded,
    sized,
    profileHome: profileHomeOf(reached, route),
    instructions: {
      sessionId: newSessionId(caller.stat),
      umask: process.umask(),
      user,
      niceness: Number(statField(caller.stat, 19)),
      ignored: caller.ignored,
      closed: descriptors.closed,
      encodedNames: forwarded.encoded,
      start: startDirectories(container, local ? currentDirectory() : undefined, realPath, containerHome),
      bin,
      args: [...given, ...own.args],
      encoded: own.encoded,
      secrets: forwarded.secret.length > 0,
    },
  };
}

/**
 * Where the container has the profile that the call is for. One that `HERMES_SHIM_ALLOW_FOREIGN` let in has it in the home
 * that it declares.
 * @throws {Failure} 125 where it declares none: hermes would work on another profile
 */
export function profileHomeOf(
  { container, containerHome }: Pick<Reached, 'container' | 'containerHome'>,
  { profile }: Pick<ContainerRoute, 'profile'>,
): string | undefined {
  if (profile === undefined) return undefined;
  const home = containerHome ?? container.env.get('HERMES_HOME');
  if (home?.startsWith('/')) return posix.join(home, 'profiles', profile);
  throw new Failure(
    exitCodes.cannotRoute,
    `container '${escapeControls(container.name)}' does not say where its home is (HERMES_HOME), so profile '${escapeControls(profile)}' cannot be found in it`,
    [{ label: 'without the profile', text: 'env -u HERMES_HOME hermes …' }],
  );
}
