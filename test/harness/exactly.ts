/** A command called byte for byte as told: arguments and variables that are no text, odd directories and descriptors. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallOptions, Ended, Running } from './call.ts';
import type { ManagedContainer } from './container.ts';

type Bytes = string | Uint8Array;

export interface Exact {
  argv: readonly Bytes[];
  /** Added to the caller's environment; undefined takes a variable away. */
  env?: ReadonlyArray<readonly [string, Bytes | undefined]>;
  umask?: number;
  directory?: { at: Bytes } | { deleted: string } | { locked: string };
  ignored?: readonly string[];
  /** stderr is the very file that stdout is. */
  merged?: boolean;
  closed?: readonly number[];
  /** Descriptors above 2 that the command finds open. */
  open?: readonly number[];
  nice?: number;
}

const script = fileURLToPath(new URL('exactly.pl', import.meta.url));

/** Starts it as the container's caller. Without the shim, unless argv says so. */
export function startExactly(
  container: Pick<ManagedContainer, 'call'>,
  exact: Exact,
  options: Omit<CallOptions, 'env' | 'cwd' | 'first'> = {},
): Running {
  const place = mkdtempSync(join(tmpdir(), 'hermes-shim-exactly-'));
  // Others than root must be able to read it.
  chmodSync(place, 0o755);
  const file = join(place, 'orders');
  writeFileSync(file, ordersOf(exact));
  const running = container.call(['perl', script, file], { ...options, env: { PERL_BADLANG: '0' } });
  const clean = () => rmSync(place, { recursive: true, force: true });
  running.ended.then(clean, clean);
  return running;
}

/** The same, and waits for its end. */
export function callExactly(...call: Parameters<typeof startExactly>): Promise<Ended> {
  return startExactly(...call).ended;
}

function ordersOf(exact: Exact): string {
  const { umask, directory, ignored = [], merged = false, closed = [], open = [], nice } = exact;
  const orders: Array<readonly [string, Bytes]> = [];
  for (const argument of exact.argv) orders.push(['a', argument]);
  for (const [name, value] of exact.env ?? [])
    orders.push(
      value === undefined ? ['x', name] : ['e', Buffer.concat([Buffer.from(`${name}=`), bytes(value)])],
    );
  if (directory !== undefined && 'at' in directory) orders.push(['d', directory.at]);
  if (directory !== undefined && 'deleted' in directory) orders.push(['D', directory.deleted]);
  if (directory !== undefined && 'locked' in directory) orders.push(['L', directory.locked]);
  for (const signal of ignored) orders.push(['i', signal]);
  if (merged) orders.push(['m', '']);
  for (const descriptor of open) orders.push(['o', String(descriptor)]);
  if (nice !== undefined) orders.push(['n', String(nice)]);
  if (umask !== undefined) orders.push(['u', umask.toString(8)]);
  for (const descriptor of closed) orders.push(['c', String(descriptor)]);
  return orders.map(([letter, payload]) => `${letter} ${bytes(payload).toString('hex')}\n`).join('');
}

const bytes = (value: Bytes): Buffer => Buffer.from(value as string);
