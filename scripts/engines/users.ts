/** The ordinary users of a run: made, given a sudo rule, and removed again. Root only. */
import { appendFileSync, chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { attempt, must } from './command.ts';
import type { Person } from './modes.ts';
import { endProcess, hostProcesses } from './processes.ts';
import { type RunRecord, saveRecord } from './record.ts';

/** Makes a user with a home and a runtime directory in the run's directory, and with subordinate ids. */
export async function createUser(record: RunRecord, name: string): Promise<Person> {
  record.users.push(name);
  saveRecord(record);
  const home = join(record.dir, name);
  // The passwd database is locked by whoever else (another run) is adding a user right now.
  const add = ['useradd', '--no-create-home', '--home-dir', home, '--shell', '/bin/sh', '--user-group', name];
  await retried(() => must(add));
  const ids = (await must(['getent', 'passwd', name])).split(':');
  const person = { name, uid: Number(ids[2]), gid: Number(ids[3]), home, runtimeDir: join(home, '.run') };
  for (const [dir, mode] of [
    [home, 0o755],
    [person.runtimeDir, 0o700],
  ] as const) {
    mkdirSync(dir);
    chmodSync(dir, mode);
    chownSync(dir, person.uid, person.gid);
  }
  for (const file of ['/etc/subuid', '/etc/subgid']) addSubordinateIds(file, name);
  return person;
}

/** useradd does this on Debian; where login.defs says otherwise, 65536 ids above all that are given away. */
function addSubordinateIds(file: string, name: string): void {
  let lines: string[] = [];
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch {
    // No such file yet.
  }
  if (lines.some((line) => line.startsWith(`${name}:`))) return;
  const ends = lines.map((line) => line.split(':')).map(([, start, count]) => Number(start) + Number(count));
  const start = Math.max(100_000, ...ends.filter(Number.isFinite));
  appendFileSync(file, `${name}:${start}:65536\n`);
}

/** Lets `person` run `command` as root without a password, and nothing else. Checked by visudo before it counts. */
export async function allowSudo(record: RunRecord, person: Person, command: string): Promise<void> {
  const file = `/etc/sudoers.d/${person.name}`;
  const draft = join(record.dir, 'sudoers');
  writeFileSync(draft, `${person.name} ALL=(root) NOPASSWD: ${command}\n`, { mode: 0o440 });
  await must(['visudo', '-c', '-q', '-f', draft]);
  record.files.push(file);
  saveRecord(record);
  await must(['install', '-m', '0440', '-o', '0', '-g', '0', draft, file]);
}

/** Ends every process of a user of ours (rootless containers run under their uid) and removes the user. */
export async function removeUser(name: string): Promise<void> {
  const entry = await attempt(['getent', 'passwd', name]);
  if (entry.code !== 0) return;
  const uid = Number(entry.stdout.split(':')[2]);
  for (let round = 0; round < 5; round++) {
    const theirs = hostProcesses().filter((process) => process.uid === uid);
    if (theirs.length === 0) break;
    await Promise.all(theirs.map((process) => endProcess(process, 0)));
  }
  await retried(async () => {
    const { code, stderr } = await attempt(['userdel', name]);
    // 6: no such user any more, another cleaner was faster.
    if (code !== 0 && code !== 6) throw new Error(`userdel ${name}: exit ${code}: ${stderr}`);
  });
}

async function retried(action: () => Promise<unknown>): Promise<void> {
  for (let left = 20; ; left--) {
    try {
      await action();
      return;
    } catch (error) {
      if (left === 0 || !/lock|try again|used by process/.test(String(error))) throw error;
      await pause(100);
    }
  }
}
