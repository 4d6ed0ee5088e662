import type { Reached } from '../engine/reach.ts';
import { transportOf } from '../engine/transport/transport.ts';
import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import type { Environment } from '../system/environment.ts';
import { randomNumber } from '../system/random.ts';
import listProcesses from './list-processes.sh';

/** A process in the container that has to do with a session of ours. Times are clock ticks since the host's boot. */
export type ContainerProcess = {
  readonly pid: number;
  readonly start: string;
  /** the session's id, as the exec wrapper's note or the process's environment has it: the container's word */
  readonly sessionId: string;
  /** pid of its process session's leader */
  readonly sid: number;
  readonly terminal: boolean;
  readonly args: readonly string[];
};

/** What runs in a container for us. */
export type ProcessList = {
  /** seconds since the host's boot */
  readonly uptime: number;
  /** first processes, by their notes of exec wrappers: alive, and the very ones that the notes mean; without a note, by environ */
  readonly first: readonly ContainerProcess[];
  /** everything that carries HERMES_SHIM_SESSION, as far as it lets us look (same user, dumpable) */
  readonly marked: readonly ContainerProcess[];
};

/**
 * Lists what runs in the container for us.
 * @throws {Failure} 125 when the container could not be asked
 */
export async function readProcessList(reached: Reached, env: Environment): Promise<ProcessList> {
  const border = `--${randomNumber().toString(36)}--`;
  const { container, user, via } = reached;
  const asked = {
    containerId: container.id,
    user,
    script: listProcesses,
    name: 'hermes-ps',
    args: [user, border],
  };
  const result = await transportOf(via, env).runScript(asked, { timeoutMs: 20_000 });
  if (result.kind === 'exited' && result.code === 0) return parseProcessList(result.stdout, border);
  const detail = result.kind === 'exited' ? result.stderr.trim() : result.kind;
  throw new Failure(
    exitCodes.cannotRoute,
    `the container could not be asked: ${escapeControls(detail, 160)}`,
    [{ label: 'find out more', text: 'hermes-shim doctor' }],
  );
}

/** Reads what the script printed. What makes no sense is left out: a container can write what it likes. */
export function parseProcessList(printed: string, border: string): ProcessList {
  const [head = '', ...records] = printed.split(border);
  const first: ContainerProcess[] = [];
  const marked: ContainerProcess[] = [];
  for (const record of records) {
    const entry = parseProcess(record);
    if (entry) (record.startsWith('first ') ? first : marked).push(entry);
  }
  return { uptime: Number(head.trim()) || 0, first, marked };
}

function parseProcess(record: string): ContainerProcess | undefined {
  const end = record.indexOf('\n');
  const [, pid, start, sessionId, sid, terminal] = record.slice(0, end).split(' ');
  const numbers = [pid, start, sid, terminal].every(
    (word) => word !== undefined && /^-?[0-9]{1,20}$/.test(word),
  );
  if (!numbers || sessionId === undefined) return undefined;
  const cmdline = record.slice(end + 1);
  const args = cmdline.split('\0');
  if (args.at(-1) === '') args.pop();
  return {
    pid: Number(pid),
    start: start ?? '',
    sessionId,
    sid: Number(sid),
    terminal: terminal !== '0',
    args,
  };
}
