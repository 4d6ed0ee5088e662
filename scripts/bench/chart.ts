/** The medians of a run as a bar chart: plain SVG, readable on a light page and on a dark one. */
import type { EngineMode } from '../engines/modes.ts';
import { escapeXml } from '../xml.ts';
import { median } from './measure.ts';
import type { Column } from './table.ts';

/** In pixels. */
const [width, margin, labelWidth, valueWidth, lineHeight, barHeight] = [800, 16, 290, 100, 24, 14];

/** The ways to call hermes in a container; what they are made of is in the tables. */
const shown = ['bare', 'bash', 'python', 'api', 'routed', 'single', 'fast'] as const;
/** The ways that the documents' chart shows, of those that were measured: one of docker's, and podman's as NixOS has it. */
export const drawn: readonly EngineMode[] = ['docker', 'podman-sudo', 'podman-socket'];
/** Those that are the shim. */
const ours: readonly string[] = ['routed', 'single', 'fast'];

const style = [
  'text{font:13px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;fill:#1f2328}',
  '.title{font-weight:600}.value{font-variant-numeric:tabular-nums}.note{font-size:11px;fill:#59636e}',
  '.other{fill:#afb8c1}.ours{fill:#0969da}',
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9198a1}.other{fill:#59636e}.ours{fill:#4493f8}}',
].join('\n');

/** Draws a group of bars a way, all on one scale, with `note` (where it was measured) below. */
export function toChart(columns: readonly Column[], note: string): string {
  const groups = columns.map(({ title, contestants, samples }) => ({
    title,
    bars: shown.flatMap((key) => {
      const contestant = contestants.find((one) => one.key === key);
      const ms = median(samples.get(key)?.wall ?? []);
      return contestant === undefined || Number.isNaN(ms)
        ? []
        : [{ key, label: plain(contestant.label), ms }];
    }),
  }));
  const longest = Math.max(...groups.flatMap(({ bars }) => bars.map(({ ms }) => ms)));
  const room = width - 2 * margin - labelWidth - valueWidth;
  const lines: string[] = [];
  let y = margin;
  for (const { title, bars } of groups) {
    lines.push(`<text class="title" x="${margin}" y="${y + 16}">${escapeXml(title)}</text>`);
    y += lineHeight;
    const bare = bars.find(({ key }) => key === 'bare')?.ms;
    for (const { key, label, ms } of bars) {
      const length = Math.max(1, Math.round((ms / longest) * room));
      const ratio = bare === undefined || key === 'bare' ? '' : ` (${(ms / bare).toFixed(2)})`;
      const bar = `x="${margin + labelWidth}" y="${y + 4}" width="${length}" height="${barHeight}" rx="2"`;
      lines.push(
        `<text x="${margin}" y="${y + 16}">${escapeXml(label)}</text>`,
        `<rect class="${ours.includes(key) ? 'ours' : 'other'}" ${bar}/>`,
        `<text class="value" x="${margin + labelWidth + length + 6}" y="${y + 16}">${ms.toFixed(0)} ms${ratio}</text>`,
      );
      y += lineHeight;
    }
    y += lineHeight / 2;
  }
  const height = y + 16 + margin;
  const words = `Median of one call that does nothing, and its ratio to the bare exec. ${note}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>How long one call takes, in milliseconds</title>
<style>
${style}
</style>
${lines.join('\n')}
<text class="note" x="${margin}" y="${y + 12}">${escapeXml(words)}</text>
</svg>
`;
}

/** A label of the tables without its marks. */
const plain = (label: string): string => label.replace(/[*\x60]/g, '');
