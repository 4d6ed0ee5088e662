/** The throwaway managed container: made by `hermes-shim init` and `up`, with the stand-in in the place of hermes. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownPlace } from '../../src/managed/write/own-place.ts';
import { labelOf } from '../engines/modes.ts';
import { type RunRecord, saveRecord } from '../engines/record.ts';
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
const launcher = fileURLToPath(new URL('../../bin/hermes', import.meta.url));

/** Makes the container as a person does, and shows how. */
export function startContainer(engine: DemoEngine, record: RunRecord): DemoContainer {
  const name = `hermes-demo-${record.run}`;
  const root = join(record.dir, 'demo');
  const [state, names, native] = [join(root, 'state'), join(root, 'bin'), join(root, 'native')];
  const [home, hermes, file] = [join(state, '.hermes'), join(root, 'hermes'), join(root, 'hermes-shim.yaml')];
  for (const dir of [join(hermes, 'bin'), names, native]) mkdirSync(dir, { recursive: true });
  for (const target of [join(hermes, 'bin/hermes'), join(native, 'hermes')]) {
    copyFileSync(standIn, target);
    chmodSync(target, 0o755);
  }
  for (const command of ['hermes', 'hermes-shim']) symlinkSync(launcher, join(names, command));
  const log = join(home, 'starts.log');
  const env = callerEnv([names, native, dirname(process.execPath)], {
    ...engine.env,
    HERMES_HOME: home,
    XDG_STATE_HOME: join(root, 'made'),
  });
  if (process.getuid?.() === 0) noteRootPlace(record, state);
  showCall(['hermes-shim', 'init', '--file', file], env);
  writeFileSync(file, declaration(engine, { state, hermes, name, label: labelOf(record.run) }));
  console.log(`$ cat ${file}\n${readFileSync(file, 'utf8').trimEnd()}`);
  showCall(['hermes-shim', 'up', '--no-pin', '--file', file], env);
  writeFileSync(log, '');
  chmodSync(log, 0o666);
  return {
    name,
    cwd: join(state, 'workspace'),
    env,
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

/** The stand-in as a package, in an image that the demo packed itself; root's belongs to a user that every host has. */
function declaration(
  { engine, image }: DemoEngine,
  of: { state: string; hermes: string; name: string; label: string },
): string {
  const root = process.getuid?.() === 0;
  const lines = [
    '# hermes-shim.yaml for the demo',
    `stateDir: ${of.state}`,
    `package: ${of.hermes}`,
    ...(root ? ['user: nobody', 'createUser: false'] : []),
    'settings:',
    '  model: {default: stand-in}',
    'container:',
    `  backend: ${engine}`,
    `  name: ${of.name}`,
    `  image: ${image}`,
    `  extraOptions: ["--label", "${of.label}", "--security-opt", "label=disable"]`,
    '  hostUsers: []',
  ];
  return `${lines.join('\n')}\n`;
}

/** What `up` remembers as root lies outside the demo's own directory: whoever sweeps up must know. */
function noteRootPlace(record: RunRecord, state: string): void {
  const who = { uid: 0, gid: 0, name: 'root', home: '/root', dataHome: undefined };
  const place = ownPlace(who, undefined, state);
  record.files.push(...['made.json', 'lock', 'creating'].map((file) => join(place, file)));
  record.directories.push(place, dirname(place));
  saveRecord(record);
}

/** Runs a command of the demo in view. Throws where it fails. */
function showCall([command = '', ...args]: readonly string[], env: Record<string, string>): void {
  console.log(`\n$ ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { env, cwd: '/', stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status}`);
}

/** The caller's environment without anything that would steer the shim elsewhere. */
function callerEnv(path: readonly string[], own: Record<string, string>): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(HERMES_|VIRTUAL_ENV$|npm_)/.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...own, PATH: [...path, process.env.PATH ?? ''].join(delimiter) };
}
