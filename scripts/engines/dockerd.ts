/** A docker daemon of our own on a private socket: the machine's own daemon never notices. Root only. */
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
 * Starts dockerd with all its state in the run's directory and waits until it answers (60 s at most). The socket is
 * root's and `person`'s group's, as the docker group's is on a real machine. Returns DOCKER_HOST.
 */
export async function startDockerd(record: RunRecord, person: Person): Promise<string> {
  const dockerd = findCommand('dockerd');
  if (dockerd === null) throw new Error('no dockerd on this machine');
  const dir = join(record.dir, 'docker');
  mkdirSync(dir, { recursive: true });
  const socket = join(dir, 'sock');
  const log = openSync(join(dir, 'log'), 'a');
  const child = spawn(
    dockerd,
    [
      ['-H', `unix://${socket}`, '--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec')],
      ['--pidfile', join(dir, 'pid'), '--iptables=false', '--bridge=none'],
      // Where the machine has a containerd of its own, dockerd uses it: stay out of the machine's docker's namespace.
      ['--containerd-namespace', record.run, '--containerd-plugins-namespace', `${record.run}-plugins`],
    ].flat(),
    // A session of its own, so that a terminal's Ctrl-C does not end it before its containers.
    // containerd dumps its stacks into TMPDIR when something is amiss: they go with the run.
    { detached: true, stdio: ['ignore', log, log], env: { ...plainEnv(), TMPDIR: dir }, cwd: '/' },
  );
  child.unref();
  if (child.pid === undefined) throw new Error('dockerd could not be started');
  record.dockerd = idOf(child.pid);
  saveRecord(record);
  const deadline = Date.now() + 60_000;
  while (!(await answersPing(socket))) {
    if (!isAlive(record.dockerd) || Date.now() > deadline) {
      throw new Error(`dockerd does not answer:\n${readFileSync(join(dir, 'log'), 'utf8').slice(-2000)}`);
    }
    await pause(50);
  }
  chownSync(socket, 0, person.gid);
  chmodSync(socket, 0o660);
  return `unix://${socket}`;
}
