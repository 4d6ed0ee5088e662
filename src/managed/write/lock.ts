import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, openSync } from 'node:fs';
import { exitCodes, Failure, lackOf } from '../../report/failure.ts';
import { quoteWord } from '../../report/quote.ts';
import { errorCode } from '../../system/error-code.ts';

/** Longest wait for somebody else's work, in milliseconds: a pull may take that long. */
const patienceMs = 1_800_000;

/**
 * Takes the lock of a state directory: of two hermes-shim at work on it, one waits. By flock(2), which the kernel gives
 * back whatever ends us; flock(1) takes it on our descriptor, node cannot.
 * @param onWait is called when somebody else has it
 * @throws {Failure} 125 when it cannot be had
 */
export async function takeLock(place: string, onWait: () => void): Promise<void> {
  const descriptor = openSync(`${place}/lock`, constants.O_RDWR | constants.O_CREAT, 0o600);
  if (await flock(descriptor, ['-n'])) return;
  onWait();
  // busybox's flock knows no -w, so the clock is ours
  if (await flock(descriptor, [], patienceMs)) return;
  throw new Failure(
    exitCodes.cannotRoute,
    'another hermes-shim has been at work on this container for half an hour',
    [{ label: 'which one', text: `fuser -v ${quoteWord(`${place}/lock`)}` }],
  );
}

/**
 * `flock -x … 3`: the lock belongs to the open file, which stays ours when flock(1) has ended.
 * @param timeoutMs how long it may wait
 * @returns do we have it now?
 */
async function flock(descriptor: number, options: readonly string[], timeoutMs?: number): Promise<boolean> {
  const child = start(['-x', ...options, '3'], descriptor);
  const timer = timeoutMs && setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  try {
    const [code, signal] = await once(child, 'exit');
    if (code === 0) return true;
    // somebody else has it, or had it for too long
    if ((code === 1 && options.includes('-n')) || signal === 'SIGKILL') return false;
    throw cannotLock(`flock ended with ${code ?? signal}`);
  } catch (error) {
    throw error instanceof Failure ? error : notStarted(errorCode(error));
  } finally {
    clearTimeout(timer);
  }
}

/** Of some errors (E2BIG, ENOMEM) node throws, of others it tells later. */
function start(args: readonly string[], descriptor: number): ChildProcess {
  try {
    return spawn('flock', args, { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
  } catch (error) {
    throw notStarted(errorCode(error));
  }
}

function notStarted(code: string): Failure {
  if (code === 'ENOENT')
    return new Failure(
      exitCodes.cannotRoute,
      'flock was not found, which keeps two hermes-shim from working at once',
      [{ label: 'install', text: 'util-linux (Debian, Fedora, NixOS), or busybox' }],
    );
  const lack = lackOf(code, exitCodes.cannotRoute, 'flock cannot be started');
  return lack ?? cannotLock(`flock cannot be started: ${code}`);
}

const cannotLock = (why: string): Failure =>
  new Failure(
    exitCodes.cannotRoute,
    `nothing keeps two hermes-shim from working at once, so nothing was changed (${why})`,
    [{ label: 'look', text: 'command -v flock && flock --version' }],
  );
