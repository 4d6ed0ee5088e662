/** What a bare Debian machine lacks, and getting it. */
import { existsSync } from 'node:fs';
import { findCommand, must, plainEnv } from './command.ts';

/** Command → the Debian package that has it. */
const packageOf = {
  dockerd: 'docker.io',
  docker: 'docker.io',
  podman: 'podman',
  runc: 'runc',
  busybox: 'busybox-static',
  sudo: 'sudo',
  visudo: 'sudo',
  newuidmap: 'uidmap',
  iptables: 'iptables',
  tmux: 'tmux',
  hyperfine: 'hyperfine',
  doas: 'opendoas',
  'docker-compose': 'docker-compose',
  'podman-compose': 'podman-compose',
  dash: 'dash',
  bash: 'bash',
  shellcheck: 'shellcheck',
} as const;

export type Command = keyof typeof packageOf;

/** What the tests need; the linter comes with the check that runs it. */
const testCommands = (Object.keys(packageOf) as Command[]).filter((command) => command !== 'shellcheck');

export const isDebian = (): boolean => existsSync('/etc/debian_version') && findCommand('apt-get') !== null;

/** Packages for those of the wanted commands that `has` does not know, each once. */
function missingPackages(
  has: (command: string) => boolean = (name) => findCommand(name) !== null,
  wanted: readonly Command[] = testCommands,
): string[] {
  const missing = wanted.filter((command) => !has(command));
  return [...new Set(missing.map((command) => packageOf[command]))];
}

/** Installs what is missing (root on Debian only; about 20 s). Does not touch apt when nothing is. */
export async function installPackages(
  say: (line: string) => void,
  commands: readonly Command[] = testCommands,
): Promise<void> {
  const wanted = missingPackages(undefined, commands);
  if (wanted.length === 0) return;
  say(`installing ${wanted.join(' ')}`);
  const env = { ...plainEnv(), ...proxies(), DEBIAN_FRONTEND: 'noninteractive' };
  const install = (names: string[]) =>
    must(['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...names], {
      env,
      timeoutMs: 600_000,
    });
  await must(['apt-get', 'update', '-q'], { env, timeoutMs: 300_000 });
  await install(wanted);
  // From Debian 13 on the client is a package of its own, which docker.io merely recommends.
  if (commands.includes('docker') && findCommand('docker') === null) await install(['docker-cli']);
}

function proxies(): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
