/** What the shim may cost, each against something of the same run. */
import type { EngineMode } from '../engines/modes.ts';
import type { Growth } from './growth.ts';
import { median } from './measure.ts';
import { sumOf } from './memory.ts';
import type { Column } from './table.ts';

export interface Target {
  what: string;
  value: number;
  most: number;
  unit: 'ms' | 'MB' | '×';
}

/** Ways in which a session is the engine's client: the client is the price, whoever starts it. */
const byClient: readonly EngineMode[] = ['docker-client', 'podman-root', 'podman-sudo', 'podman-rootless'];

/** Of each way what there is a limit for; nothing where a number is missing. */
export function targetsOf({ mode, title, samples }: Column, growth?: Growth): Target[] {
  const at = (key: string) => median(samples.get(key)?.wall ?? []);
  const ratio = (key: string, to: string, words: string, most: number): Target => {
    return { what: `${title}: ${words}`, value: at(key) / at(to), most, unit: '×' };
  };
  const over = (key: string, parts: readonly string[], words: string, most: number): Target => {
    const sum = parts.map(at).reduce((total, value) => total + value, 0);
    return { what: `${title}: ${words}`, value: at(key) - sum, most, unit: 'ms' };
  };
  const ofMode: Target[] =
    mode === 'docker'
      ? [
          ratio('routed', 'bare', '`hermes` ÷ the bare exec', 1.35),
          ratio('routed', 'bash', '`hermes` ÷ the bash function', 1),
          ratio('routed', 'python', '`hermes` ÷ the Python script', 1),
          ratio('fast', 'bare', 'fast executable ÷ the bare exec', 1),
          over('routed', ['api'], '`hermes` over node that does the same by the API', 12),
        ]
      : mode === 'podman-socket'
        ? [ratio('routed', 'bare', '`hermes` ÷ the bare exec by root', 1.1)]
        : [];
  const targets = [
    ...ofMode,
    ...(byClient.includes(mode)
      ? [over('routed', ['bare', 'node'], '`hermes` over exec + `node -e 0`', 15)]
      : []),
    over('native', ['node', 'program'], 'native, over `node -e 0` + the program', 8),
    ...(growth === undefined ? [] : targetsOfGrowth(mode, title, growth)),
  ];
  return targets.filter(({ value }) => Number.isFinite(value));
}

function targetsOfGrowth(mode: EngineMode, title: string, { crowds, waiting, streams }: Growth): Target[] {
  const last = crowds.at(-1);
  const family = waiting[0]?.family ?? [];
  const ofDocker: Target[] =
    mode !== 'docker' || last === undefined
      ? []
      : [
          {
            what: `${title}: ${last.calls} at once ÷ as many bare`,
            ...{ value: last.routed.ms / last.bare.ms, most: 1.15, unit: '×' },
          },
          {
            what: `${title}: a waiting session, resident`,
            ...{ value: sumOf(family).resident, most: 48, unit: 'MB' },
          },
        ];
  const ofStreams = streams.map(({ way, bare, routed }): Target => {
    return { what: `${title}: 1 GB ${way} ÷ bare`, value: routed / bare, most: 1.2, unit: '×' };
  });
  return [...ofDocker, ...ofStreams];
}
