import type { Api } from '../../engine/access.ts';
import { resizeExec, type Size } from '../../engine/transport/api/exec.ts';
import { trace } from '../../report/trace.ts';
import { sleep } from '../../system/sleep.ts';
import type { TerminalState } from '../streams/terminal-state.ts';
import { type RawTerminal, readSize } from '../streams/window.ts';

/** Until the command runs, engines refuse a size: it is sent so often, ever later. */
const tries = { most: 12, pauseMs: 8 } as const;

/** How long one request may take, in milliseconds: docker 20.10 takes seconds for one that comes too soon. */
const requestMs = 3000;

/**
 * Keeps the size of the session's terminal that of the caller's: at its beginning, since it may have changed meanwhile,
 * and whenever the window changes. Also makes the terminal raw again after a stop, since shells set their own.
 * @param before the terminal as it was
 * @param terminal none where nothing is known of it as it was: nobody could take it back, so it is not made raw
 * @returns ends it, once a terminal that is being made raw is
 */
export function keepSize(
  api: Api,
  id: string,
  before: Awaited<TerminalState>,
  terminal: Pick<RawTerminal, 'again'> | undefined,
): () => Promise<void> {
  let over = false;
  let sent: Size | undefined;
  let sending = Promise.resolve();
  const send = async (): Promise<void> => {
    const size = (await readSize()) ?? before?.size;
    for (let attempt = 1; size !== undefined && !over && attempt <= tries.most; attempt += 1) {
      if (sent && sent.rows === size.rows && sent.columns === size.columns) return;
      const done = await resizeExec(api, id, size, AbortSignal.timeout(requestMs)).catch(() => false);
      if (done) sent = size;
      else await sleep(tries.pauseMs * attempt, { ref: false });
    }
    trace(() => `the window is ${sent ? `${sent.rows} by ${sent.columns}` : 'of no known size'}`);
  };
  const onChange = (): void => {
    sending = sending.then(send);
  };
  let raw = Promise.resolve();
  const onContinue = (): void => {
    if (terminal) raw = terminal.again();
    void raw.then(onChange);
  };
  process.on('SIGWINCH', onChange).on('SIGCONT', onContinue);
  onChange();
  return () => {
    over = true;
    process.removeListener('SIGWINCH', onChange).removeListener('SIGCONT', onContinue);
    return raw;
  };
}
