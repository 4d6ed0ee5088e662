/**
 * Writes docs/troubleshooting.md out of the very table that the errors come from.
 *
 *   causes     puts the errors between the page's two marks
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Cause, mayPass } from '../src/engine/cause.ts';
import type { Circumstances } from '../src/engine/circumstances.ts';
import type { Container, State } from '../src/engine/container.ts';
import { explainCause } from '../src/engine/explain-cause.ts';
import type { Refusal } from '../src/engine/probe-result.ts';
import { Failure, formatFailure, runOnHost } from '../src/report/failure.ts';

const nowMs = Date.UTC(2026, 0, 1, 12);
const docker = {
  engine: 'docker',
  binary: '/run/current-system/sw/bin/docker',
  access: { kind: 'direct' },
} as const;
const podman = '/run/current-system/sw/bin/podman';

/** Somebody on NixOS, and the container that its module manages. */
export const sampleCircumstances: Circumstances = {
  containerName: 'hermes-agent',
  execUser: 'hermes',
  file: '/var/lib/hermes/.hermes/.container-mode',
  userName: 'alice',
  onNixos: true,
  waitedMs: 0,
  nowMs,
  log: [],
};

const exited: State = {
  status: 'exited',
  word: 'exited',
  startedMs: nowMs - 3_600_000,
  finishedMs: nowMs - 120_000,
  exitCode: 137,
};
const created: State = {
  ...exited,
  status: 'created',
  word: 'created',
  startedMs: undefined,
  finishedMs: undefined,
};
const restarting: State = { ...exited, status: 'restarting', word: 'restarting', exitCode: 1 };

/** A container of which only the state matters. */
export function sampleContainer(state: State): Container {
  return {
    id: 'c'.repeat(64),
    name: 'hermes-agent',
    state,
    env: new Map(),
    binds: [],
    destinations: [],
    workingDir: '',
    volumes: [],
    hostNetwork: true,
    command: [],
    labels: new Map(),
  };
}

const stopped = (state: State) =>
  ({ kind: 'not-running', engine: 'docker', container: sampleContainer(state), via: docker }) as const;
const refused = (refusal: Exclude<Refusal, 'other'>, detail: string) =>
  ({ kind: 'sudo-refused', engine: 'podman', binary: podman, tool: 'sudo', refusal, detail }) as const;
const inDocker = { engine: 'docker', prefix: 'docker' } as const;
const bin = '/data/current-package/bin/hermes';

/** At least one cause of each kind: a kind without any does not compile. In the order of the page. */
export const sampleCauses: { [K in Cause['kind']]: readonly Extract<Cause, { kind: K }>[] } = {
  absent: [{ kind: 'absent', engine: 'docker' }],
  'not-running': [stopped(created), stopped(exited), stopped(restarting)],
  paused: [{ kind: 'paused', ...inDocker, container: sampleContainer(exited) }],
  'user-missing': [{ kind: 'user-missing', ...inDocker }],
  'binary-missing': [{ kind: 'binary-missing', ...inDocker, bin }],
  'binary-not-executable': [{ kind: 'binary-not-executable', ...inDocker, bin }],
  'check-failed': [
    { kind: 'check-failed', ...inDocker, detail: 'OCI runtime exec failed: cannot allocate memory' },
  ],
  'daemon-down': [
    {
      kind: 'daemon-down',
      engine: 'docker',
      detail: 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it running?',
    },
  ],
  shortage: (['E2BIG', 'EMFILE', 'EAGAIN', 'ENOMEM', 'ENFILE'] as const).map((code) => ({
    kind: 'shortage',
    engine: 'podman',
    code,
  })),
  'engine-silent': [
    { kind: 'engine-silent', engine: 'docker', waitedMs: 15_000, busy: false },
    { kind: 'engine-silent', engine: 'podman', waitedMs: 15_000, busy: false },
    { kind: 'engine-silent', engine: 'podman', waitedMs: 120_000, busy: true },
  ],
  'socket-forbidden': [
    {
      kind: 'socket-forbidden',
      engine: 'docker',
      binary: docker.binary,
      detail: 'permission denied while trying to connect to the Docker daemon socket',
    },
  ],
  'sudo-refused': [
    refused('password', 'sudo: a password is required'),
    refused('no-terminal', 'sudo: sorry, you must have a tty to run sudo'),
    refused('no-rule', 'Sorry, user alice is not allowed to execute …'),
    refused('no-new-privileges', ''),
    refused('not-setuid', ''),
  ],
  'no-sudo': [{ kind: 'no-sudo', engine: 'podman', binary: podman }],
  'no-engine': [
    { kind: 'no-engine', backend: 'docker' },
    { kind: 'no-engine', backend: undefined },
  ],
  'engine-not-executable': [
    {
      kind: 'engine-not-executable',
      engine: 'docker',
      file: '/usr/local/bin/docker',
      detail: 'permission denied',
    },
  ],
  'engine-nonsense': [{ kind: 'engine-nonsense', engine: 'docker', detail: 'unknown flag: --type' }],
  'remote-engine': [{ kind: 'remote-engine', engine: 'docker', endpoint: 'ssh://build.example' }],
  foreign: [
    { kind: 'foreign', engine: 'docker', why: 'declares no home (it has no HERMES_HOME in its environment)' },
  ],
  'session-lost': [{ kind: 'session-lost', ...inDocker, state: exited }],
  'connection-lost': [{ kind: 'connection-lost', engine: 'docker', socket: '/var/run/docker.sock' }],
  'fate-unknown': [
    { kind: 'fate-unknown', ...inDocker, state: undefined },
    { kind: 'fate-unknown', ...inDocker, state: 'engine-down' },
  ],
};

const log = ['gateway: loading config', 'gateway: config.yaml: bad indentation', 'gateway: giving up'];

/** One failure for each sample, as a person meets it. */
export function sampleFailures() {
  return Object.values(sampleCauses)
    .flat()
    .map((cause: Cause) => {
      const about = {
        ...sampleCircumstances,
        waitedMs: mayPass(cause) ? 5000 : 0,
        log: cause.kind === 'not-running' && cause.container.state !== created ? log : [],
      };
      return { cause, failure: explainCause(cause, about) };
    });
}

/** The section: what hermes says, what to type next, and the exit code. */
export function causesSection(): string {
  const rows = sampleFailures().map(({ cause, failure }) => {
    const { exitCode, sentence, hints } = failure;
    const own = new Failure(
      exitCode,
      sentence,
      hints.filter((hint) => hint !== runOnHost),
    );
    const exit = cause.kind === 'session-lost' ? "the session's own, mostly 137" : exitCode;
    return `${formatFailure(own)}  (exit code: ${exit})`;
  });
  return [...introduction, '', '```text', rows.join('\n\n'), '```'].join('\n');
}

const introduction = [
  'Every error of the shim begins with `hermes: ` and ends with what to type next. Here are those about engine and',
  'container, as somebody on NixOS reads them; elsewhere the commands are those of that system. Most also name',
  '`HERMES_DEV=1 hermes …`, which runs the hermes of this host instead. (Made by `npm run causes`.)',
];

const marks = ['<!-- causes -->', '<!-- /causes -->'] as const;

/** The page that they are written to, from the root of the checkout. */
export const causesPage = 'docs/troubleshooting.md';

/** The page with what stands between its marks made anew. Throws where there are none. */
export function withCauses(page: string): string {
  const [begin, end] = [page.indexOf(marks[0]), page.indexOf(marks[1])];
  if (begin < 0 || end < begin) throw new Error(`${causesPage} lacks ${marks[0]} or ${marks[1]}`);
  return `${page.slice(0, begin + marks[0].length)}\n\n${causesSection()}\n\n${page.slice(end)}`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = fileURLToPath(new URL(`../${causesPage}`, import.meta.url));
  writeFileSync(file, withCauses(readFileSync(file, 'utf8')));
}
