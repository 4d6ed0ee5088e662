import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { toSvg } from '../../scripts/record/svg.ts';
import { paced, rowsOf } from '../../scripts/record/timeline.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

describe('the recording of the demo', () => {
  const svg = read('docs/demo.svg');
  const shown = svg.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

  it('shows every command of the demo as it is today', () => {
    const commands = [...read('scripts/demo.ts').matchAll(/^ +command: '(.+)',$/gm)].map(
      ([, text = '']) => text,
    );
    expect(commands.length).toBeGreaterThan(4);
    for (const command of commands)
      expect(shown, 'run `npm run demo:record`').toContain(`>$ ${command}</text>`);
    const titles = [...read('scripts/demo.ts').matchAll(/^ +title: (['"])(.+)\1,$/gm)].map(
      ([, , text = '']) => text,
    );
    expect(titles.length).toBeGreaterThan(5);
    for (const title of titles) expect(shown, 'run `npm run demo:record`').toContain(`># ${title}</text>`);
  });

  it('is small, and names nobody and no machine', () => {
    expect(svg.length).toBeLessThan(60_000);
    expect(svg).not.toMatch(/\/(home|root|Users|work)\//);
    expect(svg).not.toContain(hostname());
    // nothing is loaded from elsewhere, and nothing runs
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
      /https?:|<script|href|@import|url\((?!#)/,
    );
  });
});

describe('the pace', () => {
  it('cuts waits short, and leaves a moment for each scene and each command', () => {
    const chunks = [
      { atMs: 0, text: 'begin\r\n' },
      { atMs: 60_000, text: '\r\n# a scene\r\n$ a command\r\nan answer\r\n' },
      { atMs: 60_200, text: 'more' },
    ];
    const shown = paced(chunks);
    expect(shown.map(({ text }) => text).join('')).toBe(chunks.map(({ text }) => text).join(''));
    expect(shown).toEqual([
      { atMs: 0, text: 'begin\r\n' },
      { atMs: 1500, text: '\r\n# a scene\r\n$ a command\r\n' },
      { atMs: 2100, text: 'an answer\r\n' },
      { atMs: 2300, text: 'more' },
    ]);
  });
});

describe('the picture', () => {
  const rows = rowsOf(
    [
      { atMs: 0, text: '$ cat <x\r\n' },
      { atMs: 500, text: 'you> ' },
      { atMs: 600, text: 'a' },
      { atMs: 700, text: '\r\nlast\r\n' },
    ],
    80,
  );

  it('knows what stood in which row from when to when', () => {
    expect(rows).toEqual([
      { index: 0, text: '$ cat <x', fromMs: 0, untilMs: undefined },
      { index: 1, text: 'you>', fromMs: 500, untilMs: 600 },
      { index: 1, text: 'you> a', fromMs: 600, untilMs: undefined },
      { index: 2, text: 'last', fromMs: 700, untilMs: undefined },
    ]);
  });

  it('shows the last moment where nothing moves, and scrolls to the lowest row', () => {
    const svg = toSvg({ title: 'a & b', rows, cols: 80, height: 2, restMs: 300 });
    expect(svg).toContain('<title>a &amp; b</title>');
    expect(svg).toMatch(/class="p" style="[^"]+">\$ cat &lt;x<\/text>/);
    expect(svg).toMatch(/visibility="hidden" style="animation-name:(t\d+)">you&gt;<\/text>/);
    expect(svg).toContain('{0%{visibility:hidden}50%{visibility:visible}60%{visibility:hidden}}');
    expect(svg).not.toMatch(/visibility="hidden"[^>]*>(last|you&gt; a)</);
    expect(svg).toContain('#rows{animation-name:scroll;transform:translateY(-18px)}');
    expect(svg).toContain('@keyframes scroll{0%{transform:none}70%{transform:translateY(-18px)}}');
  });
});
