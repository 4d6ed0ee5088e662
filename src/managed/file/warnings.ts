import { normalize } from 'node:path';
import { isWithin } from '../../system/paths.ts';
import type { DeclaredFile } from './read.ts';
import { isSecretName, isSecretValue } from './secret-names.ts';
import type { Wanted } from './wanted.ts';

/** Something that works and that a person should know. */
export type Warning = { readonly line: number; readonly says: string };

/** Directories of the host by which a container rules it. */
const everything = ['/', '/etc', '/root', '/home', '/var', '/usr', '/boot', '/var/lib/docker'];

/** Sockets by which a container commands the engine. */
const sockets = /(^|\/)(docker|podman|containerd)\.sock$/;

/** What should be said of a file that is valid. Pure. */
export function warningsOf(read: DeclaredFile, wanted: Wanted): readonly Warning[] {
  const warnings: Warning[] = [];
  if (wanted.asRoot && read.loose)
    warnings.push({
      line: 1,
      says: 'others than root can write this file, and what it says is done as root: chown root:root, chmod go-w',
    });
  for (const [name, value] of Object.entries(wanted.environment))
    if (isSecretName(name) || isSecretValue(value))
      warnings.push({
        line: read.lineOf('environment', name),
        says: `environment.${name} looks like a secret, and this file may be read by others: put it into a file of mode 0600 and name that under environmentFiles`,
      });
  wanted.extraVolumes.forEach((volume, index) => {
    const says = dangerOf(volume);
    if (says) warnings.push({ line: read.lineOf('container', 'extraVolumes', index), says });
  });
  wanted.extraOptions.forEach((option, index) => {
    if (/^--privileged(=true)?$/.test(option))
      warnings.push({
        line: read.lineOf('container', 'extraOptions', index),
        says: `${option}: hermes in the container then equals root on this host`,
      });
  });
  const sees = (path: string): boolean => placesOf(wanted).some((place) => isWithin(path, place));
  if (!sees(wanted.workingDirectory))
    warnings.push({
      line: read.lineOf('workingDirectory'),
      says: `the container does not see the workingDirectory ${wanted.workingDirectory}: choose one below ${placesOf(wanted)[0]}, or name it under container.extraVolumes`,
    });
  for (const { key, path } of wanted.documents)
    if (!sees(path) && key.includes('/'))
      warnings.push({
        line: read.lineOf('documents', key),
        says: `documents.${key} goes to ${path}, which the container does not see: with the official image that is the home alone, so call it .hermes/${key}`,
      });
  return warnings;
}

/** What the container sees of this host, for hermes to work on; what is its own comes first. */
function placesOf({ kind, home, stateDir, extraVolumes }: Wanted): readonly string[] {
  return [kind === 'official' ? home : stateDir, ...extraVolumes.map((volume) => sourceOf(volume))];
}

/** The host's side of a volume. */
const sourceOf = (volume: string): string =>
  normalize(volume.split(':', 1)[0] ?? '').replace(/(?<=.)\/+$/, '');

function dangerOf(volume: string): string | undefined {
  const [, , mode = ''] = volume.split(':');
  const path = sourceOf(volume);
  if (sockets.test(path))
    return `the volume ${volume} hands the container the engine's socket: hermes in it then equals root on this host (rootless podman: you)`;
  if (everything.includes(path) && !mode.split(',').includes('ro'))
    return `the volume ${volume} lets the container write ${path} of this host: hermes in it then equals root`;
  return undefined;
}
