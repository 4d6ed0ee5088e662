/** A project of compose, made by the real docker-compose or podman-compose from upstream's own file, its image replaced. */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../../scripts/engines/command.ts';
import { engineOf, labelOf } from '../../scripts/engines/modes.ts';
import { askOwner, type Owner, ownerOf } from '../../scripts/engines/owner.ts';
import { type Caller, type CallOptions, call, currentCaller, type Ended, identityOf } from './call.ts';
import { removeTree } from './create.ts';
import { until } from './host.ts';
import { type ShimName, shim } from './installed.ts';
import { type EngineMode, engines } from './modes.ts';
import { numbersOf } from './official.ts';
import { openTerminal, type Terminal } from './pty.ts';

export interface ComposeOptions {
  /** The home is this volume of the project's, no directory of the caller's. */
  volume?: string;
  /** podman-compose 1.0.3 knows no host network. Default: docker-compose, with podman by podman's socket. */
  tool?: 'docker-compose' | 'podman-compose';
  /** false: compose gives the containers names of its own. */
  names?: false;
}

export interface ComposeProject extends AsyncDisposable {
  caller: Caller;
  /** The caller's HOME; the home is its `.hermes`, and nothing else says so. */
  person: string;
  home: string;
  dir: string;
  file: string;
  project: string;
  /** As compose calls the service's container. */
  nameOf(service: string): string;
  /** compose's own command in the project's directory; throws where it fails. */
  compose(...words: string[]): Promise<string>;
  engine(...words: string[]): Promise<string>;
  /** `up -d` with these words, and waits until the gateway runs. */
  up(...words: string[]): Promise<void>;
  call(name: ShimName, args: readonly string[], options?: CallOptions): Promise<Ended>;
  terminal(args: readonly string[]): Promise<Terminal>;
  /** Runs advice to the letter, as the caller. */
  shell(script: string): Promise<Ended>;
}

/** When nobody has asked for so long podman's service ends by itself, in seconds: no test takes longer (vitest.config.ts). */
const idleSeconds = 900;

/**
 * podman's socket for as long as the project needs it, and `idleSeconds` longer where nobody is left to end it. Where it ends
 * before it has begun it is started again: another run may have taken its settings away while podman was reading them.
 */
async function servePodman(owner: Owner, socket: string): Promise<ChildProcess> {
  const { env, uid, gid } = owner.options;
  const identity = uid === undefined || gid === undefined ? {} : { uid, gid };
  const [file = 'podman', ...words] = [
    ...owner.argv,
    'system',
    'service',
    `--time=${idleSeconds}`,
    `unix://${socket}`,
  ];
  for (let attempt = 1; ; attempt += 1) {
    const child = spawn(file, words, { env, ...identity, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const over = () => child.exitCode !== null || child.signalCode !== null;
    await until(() => existsSync(socket) || over(), { what: "podman's socket" });
    if (existsSync(socket)) return child;
    if (attempt === 3) throw new Error(`podman's service ended before it had begun: ${said}`);
  }
}

/** Makes the project's directory and file; starts nothing. */
export async function composeProject(
  mode: EngineMode,
  options: ComposeOptions = {},
): Promise<ComposeProject> {
  const project = `hermesbed${randomBytes(4).toString('hex')}`;
  const root = join(realpathSync(engines.dir), 'containers', project);
  const [person, dir] = [join(root, 'person'), join(root, project)];
  const home = join(person, '.hermes');
  const file = join(dir, 'docker-compose.yml');
  const asUser = mode !== 'podman-root';
  const base = currentCaller(mode, { asUser, home: person, hermesHome: '' });
  const { HERMES_HOME: _, ...env } = base.env;
  // a rootless podman keeps its containers in its user's own HOME
  const named =
    options.volume === undefined ? { HERMES_HOME: home } : { XDG_CONFIG_HOME: join(person, '.config') };
  const own = mode === 'podman-rootless' ? named : { HOME: person };
  const caller: Caller = { ...base, home: person, env: { ...env, ...own } };
  for (const path of [root, person, dir, ...(options.volume === undefined ? [home] : [])]) {
    mkdirSync(path, { recursive: true });
    if (engines.asRoot) chownSync(path, caller.uid, caller.gid);
  }
  const owner = ownerOf(mode, engines);
  const { tool = 'docker-compose' } = options;
  const socket = join(root, 'podman.sock');
  const podman =
    engineOf(mode) === 'docker' || tool === 'podman-compose' ? undefined : await servePodman(owner, socket);
  const fixed = options.names !== false;
  const numbers = Object.entries(numbersOf(mode).env).map(([key, value]) => `      - ${key}=${value}`);
  const service = (name: string, command: string, container: string): string[] => [
    `  ${name}:`,
    `    image: ${engines.images.official}`,
    ...(fixed ? [`    container_name: ${container}`] : []),
    '    restart: unless-stopped',
    ...(tool === 'podman-compose' ? [] : ['    network_mode: host']),
    // what podman's socket gives else cannot be had in a sandbox
    '    ulimits:',
    '      nofile: {soft: 1024, hard: 4096}',
    '      nproc: {soft: 1000, hard: 1000}',
    `    labels: ["${labelOf(engines.run)}"]`,
    '    volumes:',
    `      - ${options.volume ?? home}:/opt/data`,
    ...(numbers.length > 0 ? ['    environment:', ...numbers] : []),
    `    command: [${command}]`,
  ];
  const text = [
    'version: "3"',
    'services:',
    ...service('gateway', '"gateway", "run"', project),
    ...service('dashboard', '"dashboard", "--host", "127.0.0.1", "--no-open"', `${project}-dashboard`),
    ...(options.volume === undefined ? [] : ['volumes:', `  ${options.volume}:`]),
  ];
  writeFileSync(file, `${text.join('\n')}\n`);
  const strict = async (argv: string[]): Promise<string> => {
    const ownEnv = {
      ...owner.options.env,
      PWD: dir,
      ...(podman === undefined ? {} : { DOCKER_HOST: `unix://${socket}` }),
    };
    const { code, stdout, stderr } = await attempt(argv, { ...owner.options, env: ownEnv, cwd: dir });
    if (code !== 0) throw new Error(`${argv.join(' ')}: exit ${code}: ${stdout}${stderr}`);
    return stdout.trim();
  };
  const compose = (...words: string[]) => strict([tool, '-f', file, ...words]);
  const engine = (...words: string[]) => strict([...owner.argv, ...words]);
  const nameOf = (name: string): string => {
    if (fixed) return name === 'gateway' ? project : `${project}-${name}`;
    return `${project}_${name}_1`;
  };
  const run = (argv: readonly string[], callOptions: CallOptions = {}) =>
    call(caller, argv, callOptions).ended;
  return {
    ...{ caller, person, home, dir, file, project, nameOf, compose, engine },
    async up(...words) {
      await compose('up', '-d', ...words);
      const runs = async () =>
        (await engine('exec', nameOf('gateway'), 'ps')).includes('.venv/bin/hermes gateway run');
      await until(runs, { ms: 30_000, what: `the gateway of ${project}` });
    },
    call: async (name, args, callOptions) => run([await shim(name), ...args], callOptions),
    terminal: async (args) => openTerminal({ ...identityOf(caller), argv: [await shim('hermes'), ...args] }),
    shell: (script) => run(['/bin/sh', '-c', script]),
    async [Symbol.asyncDispose]() {
      await compose('down', '-v').catch(() => {});
      podman?.kill();
      const { stdout } = await askOwner(mode, engines, [
        ...['ps', '-aq', '--filter', `label=com.docker.compose.project=${project}`],
      ]);
      for (const id of stdout.split('\n').filter(Boolean)) await askOwner(mode, engines, ['rm', '-f', id]);
      if (engineOf(mode) !== 'docker') await askOwner(mode, engines, ['pod', 'rm', '-f', `pod_${project}`]);
      if (statSync(root, { throwIfNoEntry: false })) await removeTree(mode, root);
    },
  };
}
