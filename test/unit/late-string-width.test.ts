import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeLate } from '../../scripts/late-string-width.ts';

const library = readFileSync(new URL(import.meta.resolve('string-width')), 'utf8');

/** The function that the library's text exports, with stand-ins for what it imports; it makes segmenters of `Segmenter`. */
function load(text: string, Segmenter = Intl.Segmenter): (text: string) => number {
  const body = text.replace(/^import .*$/gm, '').replace('export default function', 'return function');
  const wide = (codePoint: number) => (codePoint >= 0x2e80 ? 2 : 1);
  return new Function('stripAnsi', 'eastAsianWidth', 'Intl', body)(stripVTControlCharacters, wide, {
    Segmenter,
  });
}

describe('text is measured for a terminal', () => {
  it('as string-width measures it, though its tables are made late', () => {
    const [early, late] = [load(library), load(makeLate(library))];
    const texts = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(fc.property(texts, (text) => late(text) === early(text)));
    const widths = {
      hermes: 6,
      'ARGS…': 5,
      日本語: 6,
      'e\u0301': 1,
      '👨‍👩‍👧': 2,
      '1\ufe0f\u20e3': 2,
      '\u001B[31mred\u001B[0m': 3,
    };
    for (const [text, width] of Object.entries(widths))
      expect([text, late(text), early(text)]).toEqual([text, width, width]);
  });

  it('and what is plain needs none of them', () => {
    let made = 0;
    class Counted extends Intl.Segmenter {
      constructor() {
        super();
        made += 1;
      }
    }
    const late = load(makeLate(library), Counted);
    expect([late('hermes-shim <command>'), made]).toEqual([21, 0]);
    expect([late('…'), late('日'), made]).toEqual([1, 2, 1]);
  });

  it('a library in which there is nothing of it stops the build', () => {
    expect(() => makeLate('export default (text) => text.length;')).toThrow(/no constants/);
  });
});
