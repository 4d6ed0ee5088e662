/** One directory for all that a file of unit tests leaves behind where the system has its temporary files; gone with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const before = process.env.TMPDIR;
const directory = mkdtempSync(join(tmpdir(), 'hermes-shim-unit-'));
process.env.TMPDIR = directory;

afterAll(() => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
});
