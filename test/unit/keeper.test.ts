/** Who keeps a container, by the first lines of the file that names it. */
import { mkdtempSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { headOf, keeperCommand } from '../../src/engine/keeper.ts';
import { authorOf, upMarker } from '../../src/route/author.ts';
import './scratch.ts';

/** As NixOS has its pin: a link into the store. */
function linked() {
  const dir = mkdtempSync(join(tmpdir(), 'keeper-'));
  const file = join(dir, 'container-mode');
  writeFileSync(join(dir, 'in-store'), '# Written by programs.hermes-shim; …\nbackend=docker\n');
  symlinkSync('in-store', file);
  return file;
}

describe('who wrote it', () => {
  it("is told of root's pin where that is a link, as on NixOS", () => {
    const pin = linked();
    expect(authorOf(headOf(pin, pin))).toBe('nixos');
  });

  it('no link is followed for a file that the container may write', () => {
    expect(headOf(linked())).toBe('');
  });
});

describe('the commands of who keeps it', () => {
  const written = (text: string) => {
    const file = join(mkdtempSync(join(tmpdir(), 'keeper-')), '.container-mode');
    writeFileSync(file, text);
    return { file, owner: statSync(file).uid };
  };

  it("are a user's own where the metadata is theirs, and root's where it is not", () => {
    const { file, owner } = written(`${upMarker} …\n`);
    expect(keeperCommand(file, owner)).toBe('hermes-shim');
    expect(keeperCommand(file, owner + 4711)).toBe('sudo hermes-shim');
    expect(keeperCommand(file, 0)).toBe('hermes-shim');
  });

  it('are none where up does not keep it', () => {
    const { file, owner } = written('backend=docker\n');
    expect([keeperCommand(file, owner), keeperCommand(`${file}.none`, owner)]).toEqual([
      undefined,
      undefined,
    ]);
  });
});
