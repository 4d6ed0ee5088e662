import { trace } from '../report/trace.ts';
import type { Environment } from '../system/environment.ts';
import { enginePatience, type Patience } from '../system/patience.ts';
import { type CommandResult, outputLimit, runCommand } from '../system/run-command.ts';
import { type EngineAccess, engineCommand } from './access.ts';
import { type Container, toContainer } from './container.ts';
import { type Endpoint, endpointOf } from './endpoint.ts';
import { foundByName, type ProbeResult, type Refusal } from './probe-result.ts';
import { inspectBySocket } from './transport/api/inspect.ts';
import { apiSocket, isStranger } from './transport/socket.ts';

/**
 * Asks the engine for one container; starts nothing. `--type container`, since plain `inspect` also answers for
 * images; the answer's name must be the one that was asked for, since engines also take id prefixes.
 * An engine that listens on a local socket is asked there, without its client, which is several times as fast.
 * @param options.id ask the client for this full id instead, whatever its name is by now
 * @param options.endpoint where the engine listens, when it is known already
 */
export async function probe(
  access: EngineAccess,
  containerName: string,
  options: { env: Environment; patience?: Patience; endpoint?: Endpoint; id?: string | undefined },
): Promise<ProbeResult> {
  const answer = await askService(access, containerName, options);
  if (answer !== undefined) return answer;
  // a client would be told no more there, and there are other ways
  if (access.access.kind === 'socket')
    return { kind: 'nonsense', detail: `${access.access.socket} does not answer as podman does` };
  const argv = engineCommand(access, ['inspect', '--type', 'container', options.id ?? containerName], true);
  // sudo's refusals are told apart by their words: in English, please
  const env = { ...options.env, LC_ALL: 'C' };
  const timeoutMs = options.patience ?? enginePatience;
  // podman needs two milliseconds to end after its last word, sudo as much again
  let whole: Container | undefined;
  const isWhole = (stdout: string): boolean => {
    if (stdout.endsWith(']\n')) whole = parseContainer(stdout);
    return whole !== undefined;
  };
  const result = await runCommand(argv, { env, timeoutMs, isWhole, tied: true });
  if (whole && options.id !== undefined && whole.id === options.id)
    return { kind: 'found', container: whole };
  return whole ? foundByName(whole, containerName) : toProbeResult(result, access, containerName);
}

/** The engine itself, where it can be asked without its client. */
async function askService(
  access: EngineAccess,
  containerName: string,
  { env, patience = enginePatience, endpoint = endpointOf(access, env) }: Parameters<typeof probe>[2],
): Promise<ProbeResult | undefined> {
  const socket = apiSocket(access, endpoint, env);
  if (socket === undefined || isStranger(socket, process.getuid?.() ?? 0)) return undefined;
  const answer = await inspectBySocket(access.engine, socket, containerName, patience);
  trace(() => ({ about: 'probe', socket, answered: answer !== undefined }));
  return answer;
}

/** Reads a finished `inspect`. JSON decides wherever there is any; words only where nothing else tells. */
export function toProbeResult(
  result: CommandResult,
  { access }: EngineAccess,
  containerName: string,
): ProbeResult {
  if (result.kind === 'timed-out') return { ...result, kind: 'silent' };
  if (result.kind === 'not-started') return { kind: 'not-startable', detail: result.code };
  const detail = complaintOf(result.stderr);
  // a Go program that gets no thread
  if (/pthread_create failed|failed to create new OS thread/.test(detail))
    return { kind: 'not-startable', detail: 'EAGAIN' };
  if (result.stdout.length >= outputLimit)
    return { kind: 'nonsense', detail: `more than ${outputLimit / 1024 / 1024} MiB` };
  if (result.code === 0) {
    const container = parseContainer(result.stdout);
    if (container === undefined) return { kind: 'nonsense', detail: firstLine(result.stdout) };
    return foundByName(container, containerName);
  }
  // sudo also warns (`unable to resolve host`) and goes on: such words count only where the engine said nothing known
  const refusal = access.kind === 'sudo' ? toRefusal(result.stderr, access.tool) : undefined;
  if (refusal !== undefined && refusal !== 'other') return { kind: 'refused', refusal, detail };
  if (/no such (container|object)|no container with (name|id)/i.test(result.stderr))
    return { kind: 'absent' };
  if (/permission denied/i.test(result.stderr)) return { kind: 'forbidden', detail };
  if (/(cannot|failed to) connect|daemon running|connection refused|\bdial (unix|tcp) /i.test(result.stderr))
    return { kind: 'daemon-down', detail };
  if (refusal !== undefined) return { kind: 'refused', refusal, detail };
  return { kind: 'nonsense', detail: detail || `exit code ${result.code} without a word` };
}

function parseContainer(text: string): Container | undefined {
  try {
    return toContainer(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * What sudo (1.8, 1.9, sudo-rs) and doas say when they run nothing. Whole beginnings: their warnings have the same words
 * (`setrlimit(RLIMIT_CORE): Operation not permitted`, `unable to resolve host kitty`), and after these they go on.
 */
const refusals: ReadonlyArray<readonly [RegExp, Refusal]> = [
  [/^sudo: the "no new privileges" flag is set/im, 'no-new-privileges'],
  [
    /must be owned by uid 0 and have the setuid bit|^sudo: effective uid is not 0|not installed setuid/im,
    'not-setuid',
  ],
  [/^Sorry, user |^sudo: .*I'm afraid I can't do that|^doas: operation not permitted$/im, 'no-rule'],
  [/^sudo: sorry, you must have a tty/im, 'no-terminal'],
  [
    /^\w+: (an? (password|terminal|tty) is required|no tty present|\d+ incorrect password|(interactive )?(authentication|authorization) (is )?(required|failed))/im,
    'password',
  ],
];

/** Why sudo or doas ran nothing, by their words; `other`: they said something, a warning perhaps; undefined: nothing. */
export function toRefusal(stderr: string, tool: 'sudo' | 'doas'): Refusal | undefined {
  const own = stderr
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.startsWith(`${tool}: `) || line.startsWith('Sorry, user '));
  const words = own.join('\n');
  if (words === '') return undefined;
  return refusals.find(([pattern]) => pattern.test(words))?.[1] ?? 'other';
}

function lines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

function firstLine(text: string): string {
  return lines(text)[0] ?? '';
}

/** The line that says what is wrong: the last one, but a Go program that crashes says it first and then a page of numbers. */
function complaintOf(stderr: string): string {
  const all = lines(stderr);
  return all.find((line) => /^(fatal error|panic|runtime\/cgo): /.test(line)) ?? all.at(-1) ?? '';
}
