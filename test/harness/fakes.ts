/** Stand-ins on PATH, for what a real engine cannot be made to do: a sudo that hangs, an engine that prints nonsense. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes an executable sh script called `name` (docker, podman, sudo, …) into `dir`, readable by all; returns its path. */
export function fakeEngine(dir: string, name: string, script: string): string {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}
