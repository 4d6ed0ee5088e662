import { escapeControls } from '../report/escape.ts';
import { exitCodes, type Hint } from '../report/failure.ts';
import { hintWord } from '../report/paste.ts';
import { commandPrefix } from './access.ts';
import type { Cause } from './cause.ts';
import type { Circumstances } from './circumstances.ts';
import type { State } from './container.ts';
import { describeState } from './describe-state.ts';
import type { EngineCause } from './explain-engine.ts';
import type { Explanation } from './explanation.ts';

/** The causes that lie in the container or in what became of it. */
export type ContainerCause = Exclude<Cause, EngineCause>;

/** The rows of the container. */
export function explainContainer(cause: ContainerCause, about: Circumstances): Explanation {
  // compose may have made it anew under another name than the metadata's
  const containerName = 'container' in cause ? cause.container.name : about.containerName;
  const name = `container '${escapeControls(containerName)}'`;
  const metadata: Hint = { label: 'what asks for it', text: `cat ${hintWord(about.file)}` };
  switch (cause.kind) {
    case 'absent':
      return {
        sentence: `${name} does not exist${cause.engine ? ` (${cause.engine})` : ''}`,
        hints: [
          ...(about.keptBy ? [{ label: 'make it', text: `${about.keptBy} up` }] : []),
          ...(about.compose ? [{ label: 'make it', text: about.compose.start }] : []),
          ...(!about.compose && (about.onNixos || !cause.engine)
            ? service('start it', 'sudo systemctl start hermes-agent   # creates it')
            : [{ label: 'what is there', text: `${cause.prefix ?? cause.engine} ps -a` }]),
          metadata,
        ],
      };
    case 'not-running':
      return {
        sentence: `${name} is not running (${cause.engine}: ${describeState(cause.container.state, about.nowMs)})`,
        hints: [
          ...about.log.map((line): Hint => ({ label: 'its log', text: escapeControls(line, 160) })),
          ...startHints({ ...about, containerName }, commandPrefix(cause.via), cause.container.state),
        ],
      };
    case 'paused':
      return {
        sentence: `${name} is paused (${cause.engine}), so nothing can run in it`,
        hints: [{ label: 'let it go on', text: `${cause.prefix} unpause ${containerName}` }],
      };
    case 'foreign':
      return {
        sentence: `${name}, named by ${escapeControls(about.file)}, ${cause.why}`,
        hints: [
          { label: 'look', text: `${cause.engine} inspect --type container ${containerName}` },
          { label: 'if it is the one', text: `HERMES_SHIM_ALLOW_FOREIGN=${containerName} hermes …` },
        ],
      };
    case 'user-missing':
      return {
        sentence: `${name} has no user '${escapeControls(about.execUser)}', which its first start creates`,
        hints: [
          { label: 'watch that', text: `${cause.prefix} logs -f ${containerName}` },
          { label: 'who is there', text: `${cause.prefix} exec ${containerName} cat /etc/passwd` },
          metadata,
        ],
      };
    case 'binary-missing':
      return {
        sentence: `${name} has no ${escapeControls(cause.bin)}`,
        hints: [look(cause, containerName, '-l'), ...repairHints(cause.bin, about)],
        exitCode: exitCodes.notFound,
      };
    case 'binary-not-executable':
      return {
        sentence: `${escapeControls(cause.bin)} in ${name} cannot be executed by ${escapeControls(about.execUser)}`,
        hints: [look(cause, containerName, '-lL'), ...repairHints(cause.bin, about)],
        exitCode: exitCodes.cannotRun,
      };
    case 'check-failed':
      return {
        sentence: `${name} could not be asked whether it is ready (${cause.engine}: ${escapeControls(cause.detail, 160) || 'no reason given'})`,
        hints: [
          { label: 'try it', text: `${cause.prefix} exec ${containerName} true` },
          { label: 'see why', text: `${cause.prefix} logs --tail 20 ${containerName}` },
        ],
      };
    case 'session-lost':
      return {
        sentence: `${name} ${fate(cause.state, cause.engine, about.nowMs)} during the session; hermes is not started again by itself`,
        hints: afterwardHints(cause, about),
        afterwards: true,
      };
    case 'fate-unknown':
      return {
        sentence:
          cause.state === 'engine-down'
            ? `${cause.engine} is not reachable any more: what became of hermes in ${name} is not known; hermes is not started again by itself`
            : `${name} ${fate(cause.state, cause.engine, about.nowMs)} while hermes was starting or running in it; hermes is not started again by itself`,
        hints: [...afterwardHints(cause, about), { label: 'try again', text: 'hermes …' }],
        afterwards: true,
      };
  }
}

function fate(state: State | undefined, engine: string, nowMs: number): string {
  if (state === undefined) return `was removed or replaced (${engine})`;
  if (state.status === 'running') return `was restarted (${engine})`;
  if (state.status === 'paused') return `was paused (${engine})`;
  return `stopped (${engine}: ${describeState(state, nowMs)})`;
}

function afterwardHints(
  cause: Extract<Cause, { kind: 'session-lost' | 'fate-unknown' }>,
  about: Circumstances,
): Hint[] {
  if (cause.state === 'engine-down') {
    const unit = cause.engine === 'docker' ? 'docker' : 'podman.socket';
    return [
      { label: 'see why', text: `journalctl -u ${unit} -e` },
      { label: 'start it', text: `sudo systemctl start ${unit}` },
    ];
  }
  if (cause.state === undefined && about.compose)
    return [
      { label: 'is it back', text: `${cause.prefix} ps -a` },
      { label: 'make it', text: about.compose.start },
    ];
  if (cause.state === undefined)
    return about.onNixos
      ? service('is it back', 'systemctl status hermes-agent')
      : [{ label: 'what is there', text: `${cause.prefix} ps -a` }];
  return startHints(about, cause.prefix, cause.state);
}

function service(label: string, text: string): Hint[] {
  return [
    { label: 'see why', text: 'journalctl -u hermes-agent -e' },
    { label, text },
  ];
}

/** Only the service's own way is told on NixOS: what is started past it, it does not look after. */
function startHints(about: Circumstances, prefix: string, state: State): Hint[] {
  if (about.keptBy)
    return [
      { label: 'see why', text: `${about.keptBy} logs` },
      state.status === 'restarting' || state.status === 'running'
        ? { label: 'restart it', text: `${about.keptBy} restart` }
        : { label: 'start it', text: `${about.keptBy} up` },
    ];
  if (about.compose) {
    const { start, restart, logs } = about.compose;
    const again = state.status === 'restarting' || state.status === 'running';
    const see: Hint = { label: 'see why', text: logs };
    const act: Hint = again ? { label: 'restart it', text: restart } : { label: 'start it', text: start };
    return state.startedMs === undefined ? [act] : [see, act];
  }
  if (about.onNixos)
    return state.status === 'restarting' || state.status === 'running'
      ? service('restart it', 'sudo systemctl restart hermes-agent')
      : service('start it', 'sudo systemctl start hermes-agent');
  const logs: Hint = { label: 'see why', text: `${prefix} logs --tail 20 ${about.containerName}` };
  const start: Hint = { label: 'start it', text: `${prefix} start ${about.containerName}` };
  if (state.startedMs === undefined) return [start];
  return state.status === 'restarting' || state.status === 'running' ? [logs] : [logs, start];
}

function look(cause: { prefix: string; bin: string }, containerName: string, flags: string): Hint {
  return {
    label: 'look',
    text: `${cause.prefix} exec ${containerName} ls ${flags} ${hintWord(cause.bin)}`,
  };
}

function repairHints(bin: string, about: Circumstances): Hint[] {
  if (about.keptBy) return [{ label: 'repair it', text: `${about.keptBy} up && ${about.keptBy} restart` }];
  if (!bin.includes('/current-package/'))
    return [{ label: 'what asks for it', text: `cat ${hintWord(about.file)}` }];
  return [
    {
      label: 'repair it',
      text: 'sudo systemctl restart hermes-agent   # makes current-package and its GC root anew',
    },
  ];
}
