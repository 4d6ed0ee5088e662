/** A recording as a picture that moves by CSS alone, and shows its last moment where nothing may move. */
import { escapeXml } from '../xml.ts';
import type { Row } from './timeline.ts';

export interface Picture {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly cols: number;
  /** How many rows are seen at once. */
  readonly height: number;
  /** How long the last moment stands before it begins anew. */
  readonly restMs: number;
}

const [charWidth, lineHeight, margin] = [8.43, 18, 14];

/** Draws it. */
export function toSvg({ title, rows, cols, height, restMs }: Picture): string {
  const endMs = Math.max(...rows.map(({ fromMs }) => fromMs)) + restMs;
  const percent = (ms: number): string => `${Number(((ms / endMs) * 100).toFixed(2))}%`;
  const [width, inner] = [Math.ceil(cols * charWidth), height * lineHeight];
  const spans = new Map<string, string>();
  const nameOf = ({ fromMs, untilMs }: Row): string => {
    const frames = [
      fromMs > 0 ? `0%{visibility:hidden}` : '',
      `${percent(fromMs)}{visibility:visible}`,
      untilMs === undefined ? '' : `${percent(untilMs)}{visibility:hidden}`,
    ].join('');
    const name = spans.get(frames) ?? `t${spans.size}`;
    spans.set(frames, name);
    return name;
  };
  const texts = rows.map((row) => {
    const kind = row.text.startsWith('# ') ? ' class="c"' : row.text.startsWith('$ ') ? ' class="p"' : '';
    const gone = row.untilMs === undefined ? '' : ' visibility="hidden"';
    const y = (row.index + 1) * lineHeight - 4;
    return `<text y="${y}"${kind}${gone} style="animation-name:${nameOf(row)}">${escapeXml(row.text)}</text>`;
  });
  const scroll = scrolls(rows, height);
  const last = scroll.at(-1)?.offset ?? 0;
  const frames = scroll.map(({ atMs, offset }) => `${percent(atMs)}{transform:translateY(${-offset}px)}`);
  const seconds = `${endMs / 1000}s`;
  const style = [
    'text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#c9d1d9;white-space:pre}',
    '.c{fill:#8b949e}.p{fill:#fff;font-weight:bold}',
    `text,#rows{animation:${seconds} step-end infinite}`,
    `#rows{animation-name:scroll;transform:translateY(${-last}px)}`,
    `@keyframes scroll{0%{transform:none}${frames.join('')}}`,
    ...[...spans].map(([keyframes, name]) => `@keyframes ${name}{${keyframes}}`),
    '@media(prefers-reduced-motion:reduce){text,#rows{animation:none}}',
  ].join('\n');
  const [w, h] = [width + 2 * margin, inner + 2 * margin];
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}">
<title>${escapeXml(title)}</title>
<style>
${style}
</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<clipPath id="window"><rect width="${width}" height="${inner}"/></clipPath>
<g transform="translate(${margin} ${margin})" clip-path="url(#window)">
<g id="rows">
${texts.join('\n')}
</g>
</g>
</svg>
`;
}

/** When the rows move up, and by how many pixels in all: the lowest one that was written is always seen. */
function scrolls(rows: readonly Row[], height: number): ReadonlyArray<{ atMs: number; offset: number }> {
  let lowest = height - 1;
  return [...rows]
    .sort((one, other) => one.fromMs - other.fromMs || one.index - other.index)
    .flatMap(({ index, fromMs }) => {
      if (index <= lowest) return [];
      lowest = index;
      return [{ atMs: fromMs, offset: (index - height + 1) * lineHeight }];
    })
    .filter(({ atMs }, place, all) => all[place + 1]?.atMs !== atMs);
}
