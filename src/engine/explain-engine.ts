import { escapeControls } from '../report/escape.ts';
import { exitCodes, type Hint } from '../report/failure.ts';
import { hintWord } from '../report/paste.ts';
import { explainShortage } from '../report/shortage.ts';
import type { Cause } from './cause.ts';
import type { Circumstances } from './circumstances.ts';
import { explainRefusal, withoutSudo } from './explain-refusal.ts';
import type { Explanation } from './explanation.ts';
import { joinDocker, joinPodman, sudoRule } from './privilege-rules.ts';

/** The causes that lie on this side of the container: the engine and the way to it. */
export type EngineCause = Extract<
  Cause,
  {
    kind:
      | 'no-engine'
      | 'engine-not-executable'
      | 'shortage'
      | 'engine-silent'
      | 'engine-nonsense'
      | 'daemon-down'
      | 'socket-forbidden'
      | 'sudo-refused'
      | 'no-sudo'
      | 'remote-engine'
      | 'connection-lost';
  }
>;

/** The rows of the engine and the way to it. */
export function explainEngine(cause: EngineCause, about: Circumstances): Explanation {
  const name = `container '${escapeControls(about.containerName)}'`;
  const metadata: Hint = { label: 'what asks for it', text: `cat ${hintWord(about.file)}` };
  switch (cause.kind) {
    case 'no-engine':
      return {
        sentence: cause.backend
          ? `${cause.backend} was not found, neither on PATH nor in the usual places`
          : 'neither docker nor podman was found, on PATH or in the usual places',
        hints: [
          {
            label: 'on NixOS',
            text: `virtualisation.${cause.backend ?? 'docker'}.enable = true;   # then: sudo nixos-rebuild switch`,
          },
          metadata,
        ],
      };
    case 'engine-not-executable':
      return {
        sentence: `${escapeControls(cause.file)} cannot be executed (${escapeControls(cause.detail)})`,
        hints: [
          { label: 'look', text: `ls -l ${hintWord(cause.file)}` },
          { label: 'repair it', text: `sudo chmod +x ${hintWord(cause.file)}` },
        ],
        exitCode: exitCodes.cannotRun,
      };
    case 'shortage': {
      const { words, hints } = explainShortage(cause.code);
      return {
        sentence: cause.code === 'E2BIG' ? words : `${cause.engine} could not be started: ${words}`,
        hints,
        exitCode: exitCodes.cannotRun,
      };
    }
    case 'engine-silent':
      return explainSilence(cause);
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
        hints: daemonHints(cause),
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
      return explainRefusal(cause, name, about);
    case 'no-sudo':
      return {
        sentence: `${name} is not among this user's, and there is neither sudo nor doas to ask root's ${cause.engine}`,
        hints: [
          {
            label: 'on NixOS',
            text: `security.sudo.enable = true; ${sudoRule(about.userName, cause.binary)}`,
          },
          ...(cause.engine === 'podman' ? [{ label: withoutSudo, text: joinPodman(about) }] : []),
        ],
      };
    case 'remote-engine':
      return {
        sentence: `${cause.engine} runs elsewhere (${escapeControls(cause.endpoint, 160)}), so ${name} cannot be the one of this host's home`,
        hints: [
          {
            label: 'use the local one',
            text: 'env -u DOCKER_HOST -u DOCKER_CONTEXT -u CONTAINER_HOST -u CONTAINER_CONNECTION hermes …',
          },
          { label: 'or allow it', text: `HERMES_SHIM_ALLOW_FOREIGN=${about.containerName} hermes …` },
        ],
      };
    case 'connection-lost':
      return {
        sentence: `the connection to ${cause.engine} broke (${escapeControls(cause.socket)}), so the session in ${name} was ended`,
        hints: [
          { label: 'see why', text: `journalctl -u ${cause.engine} -e` },
          { label: 'what is left', text: 'hermes-shim ps' },
        ],
        exitCode: exitCodes.connectionLost,
        afterwards: true,
      };
  }
}

function explainSilence({ engine, waitedMs, busy }: Extract<Cause, { kind: 'engine-silent' }>): Explanation {
  const seconds = Math.round(waitedMs / 1000);
  const docker = engine === 'docker';
  if (busy)
    return {
      sentence: `${engine} is too busy to answer (it is at work, but gave no answer within ${seconds} s)`,
      hints: [
        {
          label: 'what it does',
          text: docker ? 'journalctl -u docker -e' : 'ps -eo pid,etime,args | grep podman',
        },
        { label: 'try again', text: 'hermes …' },
      ],
    };
  return {
    sentence: `${engine} does not respond (no answer within ${seconds} s)`,
    hints: docker
      ? [
          { label: 'see why', text: 'journalctl -u docker -e' },
          { label: 'restart it', text: 'sudo systemctl restart docker' },
        ]
      : [
          { label: 'try it', text: 'podman ps   # does this hang too?' },
          { label: 'see why', text: 'journalctl -u hermes-agent -e' },
        ],
  };
}

/** docker's own unit, a user's (rootless docker); podman has no daemon, but a socket where a client was told to use one. */
function daemonHints({ engine, detail }: Extract<Cause, { kind: 'daemon-down' }>): Hint[] {
  const scope = detail.includes('/run/user/') ? '--user ' : '';
  const unit = engine === 'docker' ? 'docker' : 'podman.socket';
  return [
    { label: 'start it', text: `${scope ? '' : 'sudo '}systemctl ${scope}start ${unit}` },
    { label: 'see why', text: `journalctl ${scope}-u ${unit} -e` },
  ];
}

function groupHints(engine: string, about: Circumstances): Hint[] {
  return engine === 'docker' ? [{ label: 'join its group', text: joinDocker(about) }] : [];
}
