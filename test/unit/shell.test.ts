import { describe, expect, it } from 'vitest';
import { packShell } from '../../scripts/shell.ts';

const none = (): string => {
  throw new Error('nothing is included');
};

describe('a program of sh on its way into the bundle', () => {
  it('loses comments, empty lines and indentation, and nothing else', () => {
    const text = `#!/bin/sh\n# what it does\n\nif [ "$1" = '#' ]; then\n  # why\n  echo "a # b" # said\nfi\n`;
    expect(packShell(text, none)).toBe(`#!/bin/sh\nif [ "$1" = '#' ]; then\necho "a # b" # said\nfi`);
  });

  it('keeps what stands within quotes, over lines too', () => {
    const text = `a='one\n  # two\n\n'\n  b="three\n  # 'four\n"\n  c=\${d#'#'} # it's said\n  e=\\'\n`;
    expect(packShell(text, none)).toBe(
      `a='one\n  # two\n\n'\nb="three\n  # 'four\n"\nc=\${d#'#'} # it's said\ne=\\'`,
    );
  });

  it('has the parts that it includes in their place, without their first line', () => {
    const parts: Record<string, string> = { './part.sh': '#!/bin/sh\n# a part\n  f() { :; }\n' };
    expect(packShell('if a; then\n  . ./part.sh\nfi\n', (name) => parts[name] ?? none())).toBe(
      'if a; then\nf() { :; }\nfi',
    );
    expect(packShell('. /etc/profile\n', none)).toBe('. /etc/profile');
  });

  it('is refused where a quote stays open, and where a here-document would lose its indentation', () => {
    expect(() => packShell("echo 'open\n", none)).toThrow("ends within '");
    expect(() => packShell('cat <<-EOF\n  text\nEOF\n', none)).toThrow('here-document: cat <<-EOF');
    expect(packShell('a=$((1 << 2)) b="<<EOF"\n', none)).toBe('a=$((1 << 2)) b="<<EOF"');
  });
});
