/** The growth of one way as markdown. */
import type { Growth } from './growth.ts';
import { sumOf } from './memory.ts';

const mb = (value: number) => value.toFixed(1);

/** Three tables under the way's title. */
export function growthTables(title: string, { crowds, waiting, streams }: Growth): string {
  const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const ratio = (routed: number, bare: number) => (routed / bare).toFixed(2);
  return [
    `${title}: milliseconds until all of so many calls at once have ended`,
    '',
    '| calls | bare exec | `hermes` | ratio | failed of 3 tries, bare and `hermes` |',
    '|--:|--:|--:|--:|--:|',
    ...crowds.map(({ calls, bare, routed }) =>
      row(
        ...[String(calls), bare.ms.toFixed(0), routed.ms.toFixed(0), ratio(routed.ms, bare.ms)],
        `${bare.failed}, ${routed.failed}`,
      ),
    ),
    '',
    `| ${title}: a waiting session | resident, MB | of it its own, MB |`,
    '|---|--:|--:|',
    ...waiting.flatMap(({ by, family }) => [
      ...family.map(({ who, resident, own }) => row(`${by}: ${who}`, mb(resident), mb(own))),
      row(`**${by}: all of them**`, mb(sumOf(family).resident), mb(sumOf(family).own)),
    ]),
    '',
    `| ${title}: 1 GB, ms | bare exec | \`hermes\` | ratio |`,
    '|---|--:|--:|--:|',
    ...streams.map(({ way, bare, routed }) =>
      row(way, bare.toFixed(0), routed.toFixed(0), ratio(routed, bare)),
    ),
  ].join('\n');
}
