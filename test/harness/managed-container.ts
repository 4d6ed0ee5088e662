/** What a test can ask of a managed container. */
import type { CommandResult } from '../../scripts/engines/command.ts';
import type { ImageName } from '../../scripts/engines/modes.ts';
import type { Caller, CallOptions, Ended, identityOf, Running } from './call.ts';
import type { ProcessFacts } from './host.ts';
import type { ShimName } from './installed.ts';
import type { Layout, LayoutOptions, Mount } from './layout.ts';
import type { EngineMode } from './modes.ts';
import type { Terminal, TerminalOptions } from './pty.ts';

export interface ContainerOptions extends LayoutOptions {
  /** Who calls docker: root (default), or an ordinary user whom the socket's group admits. */
  as?: 'root' | 'user';
  /** Which /bin/sh. Default: dash, as in the real image. */
  image?: ImageName;
  /** The entrypoint makes the user so many milliseconds after the start, or never. Default: at once, and it is waited for. */
  userAfterMs?: number | 'never';
  /** false: no metadata is written. */
  metadata?: false;
  /** false: created, not started. */
  start?: false;
  mounts?: readonly Mount[];
  /** Added to the container's environment; undefined takes a variable of the layout's away. */
  env?: Record<string, string | undefined>;
  workdir?: string;
  /** Default: host. */
  network?: string;
  /** With layout `image`: what the image runs. Default: gateway run. */
  command?: readonly string[];
  engineArgs?: readonly string[];
}

export type HermesOptions = CallOptions & { name?: ShimName };
type HermesTerminalOptions = Omit<TerminalOptions, 'argv' | 'uid' | 'gid' | 'env'> &
  Pick<CallOptions, 'env' | 'node'> & { name?: ShimName };

export interface ManagedContainer extends Layout, AsyncDisposable {
  mode: EngineMode;
  engine: 'docker' | 'podman';
  /** As it is called now, `rename` included. */
  readonly name: string;
  readonly id: string;
  /** What was written at the beginning. */
  metadata: string | null;
  user: string;
  caller: Caller;
  /** Calls the installed shim as the caller and waits for its end. */
  hermes(args: readonly string[], options?: HermesOptions): Promise<Ended>;
  /** The same, still running. */
  session(args: readonly string[], options?: HermesOptions): Promise<Running>;
  /** The same in a terminal. */
  terminal(args: readonly string[], options?: HermesTerminalOptions): Promise<Terminal>;
  /** Runs sh code as the caller, with the shim on PATH. */
  shell(script: string, options?: CallOptions): Promise<Running>;
  /** Runs any command as the caller; needs no shim. */
  call(argv: readonly string[], options?: CallOptions): Running;
  /** uid, gid, env and cwd of the caller, for spawn and openTerminal. */
  identity(options?: Pick<CallOptions, 'env' | 'cwd' | 'node'>): ReturnType<typeof identityOf>;
  /** The owner's engine command. Throws where it fails, except for `ask`. Returns stdout, trimmed. */
  engineCli(args: readonly string[], input?: string): Promise<string>;
  ask(args: readonly string[], input?: string): Promise<CommandResult>;
  /** The bare engine's exec as `user` (default: the exec_user), without any shim. */
  exec(argv: readonly string[], options?: { user?: string; input?: string }): Promise<CommandResult>;
  inspect(): Promise<Record<string, unknown> & { State: { Status: string; Pid: number; Running: boolean } }>;
  logs(): Promise<string>;
  /** Replaces the metadata: any text, or single keys of what the module would write. */
  writeMetadata(content: string | Record<string, string>): void;
  /** One line per start of the probe: pid, name, first word. Proves at most once. */
  starts(): string[];
  forgetStarts(): void;
  /** Everything that runs inside, PID 1 included. */
  processes(): Promise<ProcessFacts[]>;
  /** What was brought in from outside by an exec, and its descendants: everything not in PID 1's session. */
  sessionProcesses(): Promise<ProcessFacts[]>;
  /** Waits until there are none. Default 10 s. */
  untilNoGuests(ms?: number): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  rename(name: string): Promise<void>;
  remove(): Promise<void>;
  /** Creates it anew after `remove`: same name, same home, another id. Does not start it. */
  create(): Promise<void>;
}
