import { posix } from 'node:path';
import type { Reached } from '../../engine/reach.ts';
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
 * Puts together all that decides the session's command line. Touches nothing but the current directory's name.
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
    profileHome:
      route.profile === undefined || !local
        ? undefined
        : posix.join(containerHome, 'profiles', route.profile),
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
