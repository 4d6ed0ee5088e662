import { normalize } from 'node:path';
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
  return warnings;
}

function dangerOf(volume: string): string | undefined {
  const [source = '', , mode = ''] = volume.split(':');
  const path = normalize(source).replace(/(?<=.)\/+$/, '');
  if (sockets.test(path))
    return `the volume ${volume} hands the container the engine's socket: hermes in it then equals root on this host (rootless podman: you)`;
  if (everything.includes(path) && !mode.split(',').includes('ro'))
    return `the volume ${volume} lets the container write ${path} of this host: hermes in it then equals root`;
  return undefined;
}
