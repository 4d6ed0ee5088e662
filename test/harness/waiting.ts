/** Calls that wait for a container: a test sees by what they tell (HERMES_SHIM_DEBUG) that they do. */
import type { Running } from './call.ts';
import { until } from './host.ts';

/** Waits longer than any test. */
export const patient = { HERMES_SHIM_WAIT: '3600' };

/** The same, and tells of it. */
export const telling = { ...patient, HERMES_SHIM_DEBUG: '1' };

/** Waits until a telling call has looked twice more and goes on waiting. Fails when anything else is to be seen of it. */
export async function untilItWaits(running: Running): Promise<void> {
  const from = running.stderr().length;
  const looks = () =>
    running
      .stderr()
      .slice(from)
      .match(/ ms {2}waiting for /g)?.length ?? 0;
  await until(() => looks() > 1, { what: 'two looks in vain' });
  if (running.stdout() + withoutTrace(running.stderr()) !== '')
    throw new Error(`a wait is to be seen: ${running.stdout()}${running.stderr()}`);
}

/** What would have stood on stderr had the call not been asked to tell. */
export const withoutTrace = (stderr: string): string =>
  stderr.replace(/^hermes-shim: +[\d.]+ ms {2}.*\n/gm, '');
