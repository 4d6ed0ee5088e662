import { mkdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { runCommand } from '../../system/run-command.ts';
import type { Ground } from '../apply/ground.ts';
import { told } from '../apply/place.ts';
import { writeFile } from '../write/beneath.ts';
import { withRoot } from '../write/dir.ts';
import { hasSystemd, readUnit, unitFile } from './place.ts';
import { unitMarker, unitName, unitText } from './text.ts';

/** Variables by which a client finds its engine. */
const engineVariables = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'CONTAINER_HOST', 'DOCKER_CONFIG'];

/**
 * Installs the unit and lets it start the container at boot.
 * @returns what was done, for people
 * @throws {Failure} 125 when somebody else's unit has the name
 */
export async function install(ground: Ground): Promise<readonly string[]> {
  const { wanted, who, caller, via } = ground;
  if (!hasSystemd()) return [withoutSystemd(ground)];
  const file = unitFile(who, caller.env, wanted.containerName);
  const present = readUnit(file);
  if (present !== undefined && !present.startsWith(unitMarker)) throw foreign(file);
  const env = Object.fromEntries(
    engineVariables.flatMap((name) => (caller.env[name] ? [[name, caller.env[name]]] : [])),
  ) as Record<string, string>;
  const { containerName, restart, restartSec, asRoot } = wanted;
  const text = unitText({
    asRoot,
    engine: via.engine,
    binary: via.binary,
    containerName,
    restart,
    restartSec,
    env,
  });
  if (present !== text)
    told(file, () => {
      mkdirSync(dirname(file), { recursive: true });
      const ownership = { uid: who.uid, gid: who.gid, mode: 0o644 };
      withRoot(dirname(file), (dir) => writeFile(dir, basename(file), text, ownership));
    });
  await systemctl(ground, ['daemon-reload']);
  await systemctl(ground, ['enable', unitName(containerName)]);
  return [`installed ${file}: the container starts at boot`, ...(asRoot ? [] : [lingering(who.name)])];
}

/** A user's services end with their last login, and begin with the first, unless they linger. */
const lingering = (name: string): string =>
  `yours starts when you log in and ends when you log out, unless: sudo loginctl enable-linger ${name}`;

function withoutSystemd({ via, wanted }: Ground): string {
  return via.engine === 'docker'
    ? `there is no systemd here: docker itself starts the container at boot (restart: ${wanted.restart})`
    : `there is no systemd here: podman starts the container again when it ends, but not at boot; let the machine's own init run: ${via.binary} start ${wanted.containerName}`;
}

/** Removes the unit, and nothing else. The container goes on. */
export async function uninstall(ground: Ground): Promise<readonly string[]> {
  const { wanted, who, caller } = ground;
  const file = unitFile(who, caller.env, wanted.containerName);
  const present = readUnit(file);
  if (present === undefined) return [`there is no ${file}`];
  if (!present.startsWith(unitMarker)) throw foreign(file);
  if (hasSystemd()) await systemctl(ground, ['disable', unitName(wanted.containerName)]);
  told(file, () => rmSync(file));
  if (hasSystemd()) await systemctl(ground, ['daemon-reload']);
  return [`removed ${file}; the container itself goes on`];
}

function foreign(file: string): Failure {
  return new Failure(exitCodes.cannotRoute, `${file} is there and was not written by hermes-shim`, [
    { label: 'look', text: `cat ${file}` },
    { label: 'put it aside', text: `mv ${file} ${file}.old` },
  ]);
}

/**
 * systemctl, for the system or for the caller's own manager.
 * @throws {Failure} 125 with its own words
 */
export async function systemctl(
  { who, caller }: Pick<Ground, 'who' | 'caller'>,
  words: readonly string[],
): Promise<void> {
  const argv = ['systemctl', ...(who.uid === 0 ? [] : ['--user']), ...words];
  const result = await runCommand(argv, { env: { ...caller.env, LC_ALL: 'C' }, timeoutMs: 60_000 });
  if (result.kind === 'exited' && result.code === 0) return;
  const said = result.kind === 'exited' ? (result.stderr.trim().split('\n').at(-1) ?? '') : result.kind;
  throw new Failure(exitCodes.cannotRoute, `${argv.join(' ')} failed (${escapeControls(said, 200)})`, [
    { label: 'try it', text: argv.join(' ') },
  ]);
}
