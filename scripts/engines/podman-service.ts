/** The service of root's podman on a private socket, as NixOS has it for its group podman. Root only. */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findCommand, plainEnv } from './command.ts';
import type { Person } from './modes.ts';
import { answersPing } from './ping.ts';
import { idOf, isAlive } from './processes.ts';
import { type RunRecord, saveRecord } from './record.ts';

/**
 * Starts it and waits until it answers (60 s at most). The socket is root's and `person`'s group's. Its containers are those
 * of root's podman, which must work already. Returns CONTAINER_HOST.
 */
export async function startPodmanService(record: RunRecord, person: Person): Promise<string> {
  const podman = findCommand('podman');
  if (podman === null) throw new Error('no podman on this machine');
  const dir = join(record.dir, 'podman');
  const socket = join(dir, 'podman.sock');
  mkdirSync(dir, { recursive: true });
  const log = openSync(join(dir, 'log'), 'a');
  // a session of its own, so that a terminal's Ctrl-C does not end it before its containers
  const child = spawn(podman, ['system', 'service', '--time', '0', `unix://${socket}`], {
    detached: true,
    stdio: ['ignore', log, log],
    env: plainEnv(),
    cwd: '/',
  });
  child.unref();
  if (child.pid === undefined) throw new Error('podman could not be started');
  record.podmanService = idOf(child.pid);
  saveRecord(record);
  const deadline = Date.now() + 60_000;
  while (!(await answersPing(socket))) {
    if (!isAlive(record.podmanService) || Date.now() > deadline) {
      throw new Error(
        `podman's service does not answer:\n${readFileSync(join(dir, 'log'), 'utf8').slice(-2000)}`,
      );
    }
    await pause(50);
  }
  chownSync(socket, 0, person.gid);
  chmodSync(socket, 0o660);
  return `unix://${socket}`;
}
