/** `sudo hermes` of a user whose own file sends hermes into a container: never the host in silence, never root in their name. */
import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { refuseSudoPin, rightfulOwnPin } from '../../src/route/sudo-pin.ts';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'hermes-shim-sudo-')));
afterAll(() => rmSync(scratch, { recursive: true }));

const uid = process.getuid?.() ?? 0;
/** Whoever called sudo: where the tests are root's, an account of another number. */
const theirUid = uid || 54_321;
let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(scratch, 'case-'));
  file = join(directory, '.config/hermes-shim/container-mode');
});

const write = () => {
  mkdirSync(join(directory, '.config/hermes-shim'), { recursive: true, mode: 0o700 });
  writeFileSync(file, 'backend=docker\n', { mode: 0o600 });
};
const account = (of: number) => () => ({ uid: of, directory });
const sudo = (env: Record<string, string> = {}, of = 0) => ({ uid: of, env: { SUDO_USER: 'alice', ...env } });

describe('the file of whoever called sudo', () => {
  it('is an error with three ways on, whatever it says', () => {
    write();
    expect(() => refuseSudoPin(sudo(), account(1000))).toThrow(
      expect.objectContaining({
        exitCode: 125,
        sentence: `alice has hermes in a container by ${file}, which root does not follow: alice can write it`,
        hints: [
          { label: 'as alice', text: 'hermes …   # without sudo' },
          { label: 'for root, too', text: 'sudo hermes-shim enable --container NAME' },
          { label: 'run hermes on this host instead', text: 'sudo HERMES_DEV=1 hermes …' },
        ],
      }),
    );
  });

  it('is one, too, as a link that leads nowhere, and where its place is none', () => {
    mkdirSync(join(directory, '.config/hermes-shim'), { recursive: true });
    symlinkSync('/nonexistent', file);
    expect(() => refuseSudoPin(sudo(), account(1000))).toThrow('which root does not follow');
    rmSync(join(directory, '.config/hermes-shim'), { recursive: true });
    writeFileSync(join(directory, '.config/hermes-shim'), '');
    expect(() => refuseSudoPin(sudo(), account(1000))).toThrow('which root does not follow');
  });

  it('is nobody’s business without one, without sudo, for another than root, for root itself and with HERMES_HOME', () => {
    expect(() => refuseSudoPin(sudo(), account(1000))).not.toThrow();
    write();
    for (const [caller, who] of [
      [{ uid: 0, env: {} }, account(1000)],
      [sudo({ SUDO_USER: '' }), account(1000)],
      [sudo({}, 1001), account(1000)],
      [sudo(), account(0)],
      [sudo(), () => undefined],
      [sudo({ HERMES_HOME: '/somewhere' }), account(1000)],
    ] as const)
      expect(() => refuseSudoPin(caller, who)).not.toThrow();
  });

  it('shows no control characters of a name', () => {
    write();
    expect(() => refuseSudoPin(sudo({ SUDO_USER: 'a\u001b[2Jb' }), account(1000))).toThrow(/a\\x1b\[2Jb has/);
  });

  it('is told as theirs where sudo kept HOME, or where their configuration is', () => {
    write();
    if (uid === 0) chownSync(file, theirUid, theirUid);
    const kept = sudo({ XDG_CONFIG_HOME: join(directory, '.config') });
    expect(() => rightfulOwnPin(kept, account(theirUid))).toThrow(
      'which root does not follow: alice can write it',
    );
    // somebody else's is what it always was
    expect(() => rightfulOwnPin(kept, account(theirUid + 1))).toThrow('not to this user');
    rmSync(file);
    expect(rightfulOwnPin(kept, account(theirUid))).toBeUndefined();
  });
});
