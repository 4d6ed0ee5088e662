/** How the owner of the containers calls the engine, per way: the side of NixOS's service, not of the shim. */
import { userInfo } from 'node:os';
import { attempt, type CommandOptions, type CommandResult, plainEnv, telling } from './command.ts';
import {
  type Availability,
  type EngineFacts,
  type EngineMode,
  engineOf,
  labelOf,
  type Person,
} from './modes.ts';

export type OwnerFacts = Pick<EngineFacts, 'asRoot' | 'dockerHost' | 'podmanHost' | 'callerUser'>;

/** What goes in front of the engine's arguments, and as whom it runs. */
export interface Owner {
  argv: string[];
  options: CommandOptions & { env: Record<string, string> };
}

/** The owner of a way's containers: root, except for rootless podman; who is not root asks the machine's own docker or sudo. */
export function ownerOf(mode: EngineMode, facts: OwnerFacts): Owner {
  const { asRoot, dockerHost, podmanHost, callerUser } = facts;
  const inherited = asRoot ? plainEnv() : (process.env as Record<string, string>);
  if (engineOf(mode) === 'docker') {
    return {
      argv: ['docker'],
      options: { env: { ...inherited, ...(dockerHost === null ? {} : { DOCKER_HOST: dockerHost }) } },
    };
  }
  if (mode === 'podman-rootless' && asRoot) {
    const { uid, gid } = callerUser;
    return { argv: ['podman'], options: { uid, gid, env: envOf(callerUser) } };
  }
  if (mode === 'podman-sudo' && !asRoot)
    return { argv: ['sudo', '-n', 'podman'], options: { env: inherited } };
  // whose podman it is that listens there, only the socket knows
  if (mode === 'podman-socket' && !asRoot && podmanHost !== null)
    return { argv: ['podman'], options: { env: { ...inherited, CONTAINER_HOST: podmanHost } } };
  return { argv: ['podman'], options: { env: inherited } };
}

/** Is root in a container of this way the caller on the host? */
export function isRootless(mode: EngineMode, { asRoot, podmanHost, callerUser }: OwnerFacts): boolean {
  if (mode !== 'podman-socket') return mode === 'podman-rootless';
  return !asRoot && podmanHost !== null && podmanHost.startsWith(`unix://${callerUser.runtimeDir}/`);
}

/** What leads a caller's clients, and the shim, into a way; nothing where they find it by themselves. */
export function engineVariables(
  mode: EngineMode,
  {
    dockerHost,
    dockerApiVersion,
    podmanHost,
  }: Pick<EngineFacts, 'dockerHost' | 'dockerApiVersion' | 'podmanHost'>,
): Record<string, string> {
  const docker: Record<string, string> = dockerHost === null ? {} : { DOCKER_HOST: dockerHost };
  if (mode === 'docker') return docker;
  if (mode === 'docker-client')
    return dockerApiVersion === null ? docker : { ...docker, DOCKER_API_VERSION: dockerApiVersion };
  return mode === 'podman-socket' && podmanHost !== null ? { CONTAINER_HOST: podmanHost } : {};
}

/** What a login gives an ordinary user. */
export const envOf = (person: Person): Record<string, string> => ({
  ...plainEnv(person.home),
  USER: person.name,
  LOGNAME: person.name,
  SHELL: '/bin/sh',
  XDG_RUNTIME_DIR: person.runtimeDir,
});

/** Whoever runs the bed, where it may not make users of its own. */
export function ourselves(): Person {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const runtimeDir = process.env.XDG_RUNTIME_DIR ?? `/run/user/${uid}`;
  try {
    const { username, homedir } = userInfo();
    return { name: username, uid, gid, home: homedir, runtimeDir };
  } catch {
    // A uid without an entry in passwd.
    return { name: String(uid), uid, gid, home: process.env.HOME ?? '/', runtimeDir };
  }
}

export function askOwner(
  mode: EngineMode,
  facts: OwnerFacts,
  args: readonly string[],
  input?: string,
): Promise<CommandResult> {
  const { argv, options } = ownerOf(mode, facts);
  return attempt([...argv, ...args], { ...options, input });
}

/** Imports a packed root file system, configured by `changes`, unless it is there. Returns null, or why it could not be. */
export async function importImage(
  mode: EngineMode,
  facts: OwnerFacts,
  tar: string,
  image: string,
  changes: readonly string[] = [],
): Promise<string | null> {
  const there = await askOwner(mode, facts, ['image', 'inspect', image]);
  if (there.code === 0) return null;
  const words = changes.flatMap((change) => ['--change', change]);
  const { code, stderr } = await askOwner(mode, facts, ['import', ...words, tar, image]);
  return code === 0 ? null : telling(stderr);
}

/**
 * Does a container really start, as `user` (numbers)? The only question that counts. Detached, for where nobody reaps orphans (a sandbox's
 * first process) rootless podman waits 20 s for a conmon that is already a zombie.
 */
export async function canRun(
  mode: EngineMode,
  facts: OwnerFacts & { run: string },
  image: string,
  user = '0:0',
): Promise<Availability> {
  const label = ['--label', labelOf(facts.run), '-u', user];
  const { code, stdout, stderr } = await askOwner(mode, facts, [
    'run',
    '-d',
    '--network=host',
    ...label,
    image,
    'sleep',
    '60',
  ]);
  if (stdout.trim() !== '') await askOwner(mode, facts, removal(mode, [stdout.trim()]));
  return code === 0 ? { available: true } : { available: false, why: telling(stderr) };
}

/** Ends and removes containers and their unnamed volumes at once: podman would give them 10 s where docker does not. */
export const removal = (mode: EngineMode, containers: readonly string[]): string[] =>
  engineOf(mode) === 'docker'
    ? ['rm', '-f', '-v', ...containers]
    : ['rm', '-f', '-v', '-t', '0', ...containers];
