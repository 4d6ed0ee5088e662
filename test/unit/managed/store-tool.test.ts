import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findStoreTool } from '../../../src/managed/apply/store-tool.ts';

it('a store that does not know a path cannot be asked to keep it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hermes-shim-store-'));
  const tool = join(dir, 'nix-store');
  const env = { PATH: `${dir}:/usr/bin:/bin` };
  const known = '/nix/store/00000000000000000000000000000000-hermes';
  try {
    writeFileSync(tool, `#!/bin/sh\n[ "$*" = "--check-validity ${known}" ]\n`, { mode: 0o755 });
    expect(await findStoreTool(known, env)).toBe(tool);
    expect(await findStoreTool('/nix/store/copied', env)).toBeUndefined();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
