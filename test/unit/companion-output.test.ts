import { describe, expect, it } from 'vitest';
import { jsonText, mark, outputStyleOf } from '../../src/companion/answer.ts';
import { fail, formatChecks, well } from '../../src/companion/check.ts';
import { splitCommandLine } from '../../src/companion/command-line.ts';
import { metadataText } from '../../src/companion/metadata-text.ts';
import { authorOf, enableMarker } from '../../src/route/author.ts';
import { parseMetadata } from '../../src/route/metadata.ts';

describe('colour and symbols', () => {
  it('only on a terminal, colour not where it is not wanted', () => {
    expect(outputStyleOf(false, {})).toEqual({ symbols: false, colour: false });
    expect(outputStyleOf(true, { TERM: 'xterm' })).toEqual({ symbols: true, colour: true });
    expect(outputStyleOf(true, { TERM: 'xterm', NO_COLOR: '1' })).toEqual({ symbols: true, colour: false });
    expect(outputStyleOf(true, { TERM: 'dumb' })).toEqual({ symbols: true, colour: false });
    expect(outputStyleOf(true, { NO_COLOR: '' }).colour).toBe(true);
    expect(mark('failed', { symbols: true, colour: false })).toBe('✗');
    expect(mark('failed', { symbols: false, colour: false })).toBe('failed ');
  });

  it('what comes from outside moves no cursor', () => {
    const checks = [
      well('home', '/x\x1b[2J'),
      fail('running', 'not\r\nforged', [{ label: 'start it', text: 'docker start x' }]),
    ];
    expect(formatChecks(checks, { symbols: true, colour: false })).toBe(
      '✓ home       /x\\x1b[2J\n✗ running    not\\r\\nforged\n    start it:  docker start x\n',
    );
  });
});

describe('JSON', () => {
  it('says the same to a program, and moves no cursor where a person looks at it', () => {
    const facts = { title: '\x1b[2J\n\x7f\x9b31m\u202e\u2028\u{e0001}\ud800 ü漢🙂' };
    const text = jsonText(facts);
    expect(JSON.parse(text)).toEqual(facts);
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
    expect(text).toContain('ü漢🙂');
  });
});

describe("explain's command line", () => {
  it("leaves hermes's words alone, wherever they begin", () => {
    const split = (...argv: string[]) => splitCommandLine(argv);
    expect(split('explain', '--json', '--', '--json', '-x')).toEqual({
      own: ['explain', '--json'],
      words: ['--json', '-x'],
    });
    expect(split('explain', 'chat', '--json', '--')).toEqual({
      own: ['explain'],
      words: ['chat', '--json', '--'],
    });
    expect(split('explain', '--name', 'hermes-acp', 'x')).toEqual({
      own: ['explain', '--name', 'hermes-acp'],
      words: ['x'],
    });
    expect(split('explain', '--name=hermes-acp', 'x')).toEqual({
      own: ['explain', '--name=hermes-acp'],
      words: ['x'],
    });
    expect(split('explain')).toEqual({ own: ['explain'], words: [] });
    expect(split('ps', '--json')).toEqual({ own: ['ps', '--json'], words: [] });
  });
});

describe('metadata', () => {
  it("that enable writes is what hermes reads, and knows its author's name", () => {
    const text = metadataText({
      engine: 'podman',
      containerName: 'mine',
      user: '1000:1000',
      bin: '/usr/bin/hermes',
    });
    expect(parseMetadata(text, 'file')).toMatchObject({
      backend: 'podman',
      containerName: 'mine',
      execUser: '1000:1000',
      hermesBin: '/usr/bin/hermes',
    });
    expect(authorOf(text)).toBe('enable');
  });

  it('of the NixOS module stays its own, whatever else it says', () => {
    expect(authorOf('    # Written by NixOS activation script. Do not edit manually.\n')).toBe('nixos');
    expect(authorOf(`${enableMarker}\n# Written by NixOS activation script. Do not edit manually.\n`)).toBe(
      'nixos',
    );
    expect(authorOf('backend=docker\n')).toBe('somebody');
  });
});
