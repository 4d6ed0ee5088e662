/** One generated call made twice: on the host's copy of the probe, and through the shim. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Stream } from '../../harness/call.ts';
import type { ManagedContainer } from '../../harness/container.ts';
import { type Exact, startExactly } from '../../harness/exactly.ts';
import { laterNode, shim } from '../../harness/installed.ts';
import type { Report } from '../../harness/report.ts';
import type { Case, Place } from './case.ts';
import { fill } from './filler.ts';

/** What a caller sees of a call; bytes as latin1 text. */
export interface Seen {
  /** As a shell sees it in `$?`. */
  status: number | string;
  stdout: string;
  stderr: string;
}

/** A container with all the places in which a call can be made. */
export interface Stage {
  container: ManagedContainer;
  /** Mounted over `covered` at /data/workspace/nested. */
  mounted: string;
  /** Each run's own files; everybody's. */
  scratch: string;
  /** What the probe reports by the bare engine's exec. */
  bare: Report;
}

/** Where a place is on the host. */
export function directoryOf(
  { container, mounted, scratch }: Omit<Stage, 'bare'>,
  place: Place,
): Exact['directory'] {
  const { stateDir, workspace, packageDir } = container;
  switch (place) {
    case 'root':
      return { at: '/' };
    case 'state':
      return { at: stateDir };
    case 'workspace':
      return { at: workspace };
    case 'newline':
      return { at: join(workspace, 'a\nnewline \' " \\ $HOME ü') };
    case 'no text':
      return {
        at: Buffer.concat([Buffer.from(`${workspace}/no`), Buffer.from([0xff, 0xfe]), Buffer.from('text')]),
      };
    case 'store':
      return { at: join(packageDir, 'bin') };
    case 'elsewhere':
      return { at: scratch };
    case 'mounted':
      return { at: join(mounted, 'below') };
    case 'covered':
      return { at: join(workspace, 'nested') };
    case 'locked':
      return { at: join(workspace, 'locked') };
    case 'deleted':
      return { deleted: join(scratch, `gone-${randomBytes(4).toString('hex')}`) };
  }
}

/** Makes the call; `where`: on the host's copy, or through the shim. */
export async function make(stage: Stage, call: Case, where: 'here' | 'there'): Promise<Seen> {
  const { container } = stage;
  const dir = join(stage.scratch, randomBytes(6).toString('hex'));
  mkdirSync(dir);
  const file = (name: string) => join(dir, name);
  const command = where === 'here' ? join(container.packageDir, 'bin/hermes') : await shim();
  const outputs: Record<Case['outputs'], { stdout?: Stream; stderr?: Stream }> = {
    pipes: {},
    'one pipe': {},
    files: { stdout: { file: file('out') }, stderr: { file: file('err') } },
    'one file': { stdout: { file: file('out') } },
    null: { stdout: 'ignore', stderr: 'ignore' },
  };
  const input = fill(call.input);
  if (call.stdin === 'file') writeFileSync(file('in'), input);
  const descriptor = call.stdin === 'file' ? openSync(file('in'), 'r') : undefined;
  const { copy, code, outBytes, errBytes, lines } = call;
  const running = startExactly(
    container,
    {
      argv: [command, 'mirror', ...[code, copy, outBytes, errBytes, lines].map(String), ...call.args],
      env: environmentOf(call, where),
      umask: call.umask,
      ...{ directory: directoryOf(stage, call.place) as NonNullable<Exact['directory']> },
      merged: call.outputs === 'one pipe' || call.outputs === 'one file',
      ignored: call.ignored,
      closed: call.stdin === 'closed' ? [0] : [],
      open: call.open,
    },
    {
      ...outputs[call.outputs],
      stdin: descriptor ?? (['pipe', 'slow', 'open'].includes(call.stdin) ? 'pipe' : 'ignore'),
      timeoutMs: 50_000,
      node: laterNode(),
    },
  );
  if (running.stdin !== null) void feed(running.stdin, input, call);
  const ended = await running.ended;
  if (descriptor !== undefined) closeSync(descriptor);
  const read = (name: string, bytes: Buffer) =>
    (call.outputs === 'files' || (call.outputs === 'one file' && name === 'out')
      ? readFileSync(file(name))
      : bytes
    ).toString('latin1');
  const seen = {
    status: ended.timedOut ? 'timed out' : (ended.exitCode ?? String(ended.signal)),
    stdout: read('out', ended.stdoutBytes),
    stderr: read('err', ended.stderrBytes),
  };
  rmSync(dir, { recursive: true, force: true });
  return seen;
}

/** `open`: a pipe that its writer forgets to close, as a service manager may. Nobody may wait for its end who does not read. */
async function feed(stdin: Writable, input: Buffer, { stdin: kind, copy }: Case): Promise<void> {
  if (kind === 'open' && copy === '-') return void stdin.write(input);
  if (kind !== 'slow') return void stdin.end(input);
  const step = Math.max(1, Math.ceil(input.length / 4));
  for (let at = 0; at < input.length && !stdin.destroyed; at += step) {
    if (!stdin.write(input.subarray(at, at + step)))
      await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]).catch(() => {});
    await pause(3);
  }
  stdin.end();
}

function environmentOf(call: Case, where: 'here' | 'there'): NonNullable<Exact['env']> {
  const names = call.secrets.map(([name]) => name);
  const listed = call.listedBy === 'prefix' ? 'UNSET, SECRET_*' : names.join(',');
  return [
    ...call.env,
    ...call.secrets,
    ['HERMES_SHIM_FORWARD_ENV', listed],
    // Only the calls through the shim are to be counted.
    ...(where === 'here' ? ([['HERMES_HOME', undefined]] as const) : []),
  ];
}
