import { escapeControls } from '../report/escape.ts';
import { exitCodes, Failure, type Hint, runOnHost } from '../report/failure.ts';
import { quoteCommand } from '../report/quote.ts';
import type { Cause } from './cause.ts';
import type { State } from './container.ts';

/** What the words of a failure need beside its cause. */
export type Circumstances = {
  readonly containerName: string;
  readonly execUser: string;
  /** the metadata or pin that named the container */
  readonly file: string;
  /** who calls, for rules and group membership */
  readonly userName: string;
  readonly onNixos: boolean;
  /** how long it was waited for, in milliseconds; 0 when it was not */
  readonly waitedMs: number;
  readonly nowMs: number;
  /** the container's last log lines, for one that does not run */
  readonly log: readonly string[];
};

type Told = { readonly sentence: string; readonly hints: readonly Hint[]; readonly exitCode?: number };

/** The one table: cause → what is said → what to type next → exit code. */
export function explainCause(cause: Cause, about: Circumstances): Failure {
  const { sentence, hints, exitCode = exitCodes.cannotRoute } = tell(cause, about);
  const waited = about.waitedMs > 0 ? `; waited ${Math.round(about.waitedMs / 1000)} s` : '';
  return new Failure(exitCode, `${sentence}${waited}`, [...hints, runOnHost]);
}

function tell(cause: Cause, about: Circumstances): Told {
  const name = `container '${escapeControls(about.containerName)}'`;
  const file = escapeControls(about.file);
  switch (cause.kind) {
    case 'no-engine':
      return {
        sentence: `${cause.backend ?? 'neither docker nor podman'} was ${cause.backend ? 'not ' : ''}found, on PATH or in the usual places`,
        hints: [
          { label: 'on NixOS', text: `virtualisation.${cause.backend ?? 'docker'}.enable = true;` },
          { label: 'what asks for it', text: `cat ${file}` },
        ],
      };
    case 'engine-not-executable':
      return {
        sentence: `${escapeControls(cause.file)} cannot be executed (${escapeControls(cause.detail)})`,
        hints: [{ label: 'look', text: `ls -l ${escapeControls(cause.file)}` }],
        exitCode: exitCodes.cannotRun,
      };
    case 'engine-silent':
      return {
        sentence: `${cause.engine} does not respond (no answer to inspect within 15 s)`,
        hints: [
          { label: 'see why', text: `journalctl -u ${unitOf(cause.engine)} -e` },
          { label: 'restart it', text: `sudo systemctl restart ${unitOf(cause.engine)}` },
        ],
      };
    case 'engine-nonsense':
      return {
        sentence: `${cause.engine} gave an answer that makes no sense: ${escapeControls(cause.detail, 160)}`,
        hints: [
          {
            label: 'ask it yourself',
            text: `${cause.engine} inspect --type container ${about.containerName}`,
          },
        ],
      };
    case 'daemon-down':
      return {
        sentence: `${cause.engine} is not reachable (${escapeControls(cause.detail, 160)})`,
        hints: [
          { label: 'start it', text: `sudo systemctl start ${unitOf(cause.engine)}` },
          { label: 'see why', text: `journalctl -u ${unitOf(cause.engine)} -e` },
        ],
      };
    case 'socket-forbidden':
      return {
        sentence: `${cause.engine} refuses this user (${escapeControls(cause.detail, 160)})`,
        hints: [
          ...groupHints(cause.engine, about),
          { label: 'or by sudo', text: sudoRule(about.userName, cause.binary) },
        ],
      };
    case 'sudo-refused':
      return tellRefusal(cause, name, about);
    case 'no-sudo':
      return {
        sentence: `${name} is not among this user's, and there is neither sudo nor doas to ask root's ${cause.engine}`,
        hints: [
          {
            label: 'on NixOS',
            text: `security.sudo.enable = true; and ${sudoRule(about.userName, cause.binary)}`,
          },
        ],
      };
    case 'absent':
      return {
        sentence: `${name} does not exist${cause.engine ? ` (${cause.engine})` : ''}`,
        hints: [...serviceHints(about), { label: 'what asks for it', text: `cat ${file}` }],
      };
    case 'not-running': {
      const state = cause.container.state;
      return {
        sentence: `${name} is not running (${cause.engine}: ${describeState(state, about.nowMs)})`,
        hints: [
          ...about.log.map((line): Hint => ({ label: 'its log', text: escapeControls(line, 160) })),
          ...serviceHints(about, cause.engine),
        ],
      };
    }
    case 'paused':
      return {
        sentence: `${name} is paused`,
        hints: [{ label: 'let it go on', text: `${cause.prefix} unpause ${about.containerName}` }],
      };
    case 'remote-engine':
      return {
        sentence: `${cause.engine} runs elsewhere (${escapeControls(cause.endpoint, 160)}), so ${name} cannot be the one of this host's home`,
        hints: [
          {
            label: 'use the local one',
            text: 'env -u DOCKER_HOST -u DOCKER_CONTEXT -u CONTAINER_HOST hermes …',
          },
          { label: 'or allow it', text: `HERMES_SHIM_ALLOW_FOREIGN=${about.containerName} hermes …` },
        ],
      };
    case 'foreign':
      return {
        sentence: `${name}, named by ${file}, ${cause.why}`,
        hints: [
          { label: 'look', text: `${cause.engine} inspect --type container ${about.containerName}` },
          { label: 'if it is the one', text: `HERMES_SHIM_ALLOW_FOREIGN=${about.containerName} hermes …` },
        ],
      };
    case 'user-missing':
      return {
        sentence: `${name} has no user '${escapeControls(about.execUser)}'`,
        hints: [
          { label: 'watch it being set up', text: `${cause.prefix} logs -f ${about.containerName}` },
          { label: 'what asks for it', text: `cat ${file}` },
        ],
      };
    case 'binary-missing':
      return {
        sentence: `${name} has no ${escapeControls(cause.bin)}`,
        hints: [
          {
            label: 'look',
            text: quoteCommand([
              ...cause.prefix.split(' '),
              'exec',
              about.containerName,
              'ls',
              '-l',
              cause.bin,
            ]),
          },
          { label: 'repair the link (on NixOS)', text: 'sudo systemctl restart hermes-agent' },
        ],
        exitCode: exitCodes.notFound,
      };
    case 'binary-not-executable':
      return {
        sentence: `${escapeControls(cause.bin)} in ${name} cannot be executed by ${escapeControls(about.execUser)}`,
        hints: [
          {
            label: 'look',
            text: quoteCommand([
              ...cause.prefix.split(' '),
              'exec',
              about.containerName,
              'ls',
              '-lL',
              cause.bin,
            ]),
          },
        ],
        exitCode: exitCodes.cannotRun,
      };
    case 'check-failed':
      return {
        sentence: `${name} could not be asked for ${escapeControls(about.execUser)} and hermes (${escapeControls(cause.detail, 160)})`,
        hints: serviceHints(about, cause.engine),
      };
  }
}

function tellRefusal(
  cause: Extract<Cause, { kind: 'sudo-refused' }>,
  name: string,
  about: Circumstances,
): Told {
  const rule: Hint[] = [
    { label: 'on NixOS', text: sudoRule(about.userName, cause.binary) },
    ...(about.onNixos ? [] : [{ label: 'elsewhere', text: sudoersLine(about.userName, cause.binary) }]),
    { label: 'or for once', text: 'sudo hermes …' },
  ];
  const reach = `${name} is reached by ${cause.tool} ${cause.engine}, but ${cause.tool}`;
  switch (cause.refusal) {
    case 'password':
      return { sentence: `${reach} wants a password`, hints: rule };
    case 'no-rule':
      return { sentence: `${reach} does not allow it (${escapeControls(cause.detail, 160)})`, hints: rule };
    case 'no-new-privileges':
      return {
        sentence: `${reach} cannot work here: this process may gain no privileges (NoNewPrivileges)`,
        hints: [{ label: 'in the systemd unit', text: 'NoNewPrivileges=false, or run the unit as root' }],
      };
    case 'not-setuid':
      return {
        sentence: `${reach} is not setuid`,
        hints: [
          {
            label: 'on NixOS',
            text: 'security.sudo.enable = true;   # puts a setuid one into /run/wrappers/bin',
          },
        ],
      };
    case 'other':
      return { sentence: `${reach} failed: ${escapeControls(cause.detail, 160)}`, hints: rule };
  }
}

function describeState(state: State, nowMs: number): string {
  switch (state.status) {
    case 'created':
      return 'created, but never started';
    case 'restarting':
      return `restarting over and over, last exit code ${state.exitCode}`;
    case 'exited':
      return `exited with code ${state.exitCode}${state.finishedMs ? `, ${ago(nowMs - state.finishedMs)}` : ''}`;
    default:
      return escapeControls(state.word, 40) || 'in an unknown state';
  }
}

/** A span in words a person uses; `ms` in milliseconds. */
export function ago(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1000],
  ] as const;
  for (const [unit, length] of units) {
    const count = Math.floor(ms / length);
    if (count >= 1) return `${count} ${unit}${count > 1 ? 's' : ''} ago`;
  }
  return 'just now';
}

function unitOf(engine: string): string {
  return engine === 'docker' ? 'docker' : 'podman.socket';
}

function serviceHints(about: Circumstances, engine?: string): Hint[] {
  if (about.onNixos || engine === undefined) {
    return [
      { label: 'see why', text: 'journalctl -u hermes-agent -e' },
      { label: 'start it', text: 'sudo systemctl start hermes-agent' },
    ];
  }
  return [
    { label: 'see why', text: `${engine} logs --tail 20 ${about.containerName}` },
    {
      label: 'start it',
      text: `${engine} start ${about.containerName}   (by the NixOS module: sudo systemctl start hermes-agent)`,
    },
  ];
}

function groupHints(engine: string, about: Circumstances): Hint[] {
  if (engine !== 'docker') return [];
  return [
    {
      label: 'join its group',
      text: about.onNixos
        ? `users.users.${about.userName}.extraGroups = [ "docker" ];   # equal to root; then log in again`
        : `sudo usermod -aG docker ${about.userName}   # equal to root; then log in again`,
    },
  ];
}

/** The NixOS rule that lets one user run one engine without a password. */
export function sudoRule(user: string, binary: string): string {
  return `security.sudo.extraRules = [{ users = [ "${user}" ]; commands = [{ command = "${binary}"; options = [ "NOPASSWD" ]; }]; }];`;
}

function sudoersLine(user: string, binary: string): string {
  return `echo '${user} ALL=(root) NOPASSWD: ${binary}' | sudo tee /etc/sudoers.d/hermes-shim`;
}
