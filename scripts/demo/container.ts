/** The throwaway managed container: laid out as the NixOS module does it, with the stand-in in the place of hermes. */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { telling } from '../engines/command.ts';
import { labelOf } from '../engines/modes.ts';
import type { RunRecord } from '../engines/record.ts';
import type { DemoEngine } from './engine.ts';

export interface DemoContainer {
  name: string;
  /** Of whoever calls hermes: the shim first on PATH, behind it the stand-in as the host's own hermes. */
  env: Record<string, string>;
  /** Lies in the state directory, so that hermes starts in the same place inside. */
  cwd: string;
  /** One line for each start of the stand-in: where, and its arguments. */
  starts(): string[];
  /** What runs in the container, one command line each, as the engine sees it. */
  processes(): Promise<string[]>;
}

const standIn = fileURLToPath(new URL('hermes.sh', import.meta.url));
const entrypoint = fileURLToPath(new URL('entrypoint.sh', import.meta.url));
const launcher = fileURLToPath(new URL('../../bin/hermes', import.meta.url));

/** Starts the container and waits until its user is there (30 s at most). */
export async function startContainer(engine: DemoEngine, record: RunRecord): Promise<DemoContainer> {
  const name = `hermes-demo-${record.run}`;
  const root = join(record.dir, 'demo');
  const [state, names, native] = [join(root, 'state'), join(root, 'bin'), join(root, 'native')];
  const [home, cwd, inside] = [
    join(state, '.hermes'),
    join(state, 'workspace'),
    join(state, 'current-package/bin'),
  ];
  for (const dir of [home, cwd, inside, names, native]) mkdirSync(dir, { recursive: true });
  for (const [script, file] of [
    [standIn, join(inside, 'hermes')],
    [standIn, join(native, 'hermes')],
    [entrypoint, join(state, 'entrypoint')],
  ] as const) {
    copyFileSync(script, file);
    chmodSync(file, 0o755);
  }
  symlinkSync(launcher, join(names, 'hermes'));
  writeFileSync(
    join(home, '.container-mode'),
    `backend=${engine.engine}\ncontainer_name=${name}\nexec_user=hermes\nhermes_bin=/data/current-package/bin/hermes\n`,
  );
  const log = join(home, 'starts.log');
  writeFileSync(log, '');
  chmodSync(log, 0o666);
  const started = await engine.ask(
    [
      ['run', '-d', '--name', name, '--network=host', '--label', labelOf(record.run)],
      ['--security-opt', 'label=disable', '-v', `${state}:/data`],
      ['-e', 'HERMES_HOME=/data/.hermes', '-e', 'HERMES_MANAGED=true', '-e', 'MESSAGING_CWD=/data/workspace'],
      [engine.image, '/bin/sh', '/data/entrypoint'],
    ].flat(),
  );
  if (started.code !== 0) throw new Error(`the container does not start: ${telling(started.stderr)}`);
  await untilReady(engine, name);
  return {
    name,
    cwd,
    env: callerEnv([names, native, dirname(process.execPath)], { ...engine.env, HERMES_HOME: home }),
    starts: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    async processes() {
      const { stdout } = await engine.ask(['exec', name, 'ps', '-o', 'args']);
      return stdout.trim().split('\n').slice(1);
    },
  };
}

async function untilReady(engine: DemoEngine, name: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; await pause(100)) {
    const { code, stderr } = await engine.ask([
      'exec',
      '-u',
      'hermes',
      name,
      'test',
      '-x',
      '/data/current-package/bin/hermes',
    ]);
    if (code === 0) return;
    if (Date.now() > deadline) throw new Error(`the container does not become ready: ${telling(stderr)}`);
  }
}

/** The caller's environment without anything that would steer the shim elsewhere. */
function callerEnv(path: readonly string[], own: Record<string, string>): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(HERMES_|VIRTUAL_ENV$|npm_)/.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...own, PATH: [...path, process.env.PATH ?? ''].join(delimiter) };
}
