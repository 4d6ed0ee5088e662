import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { managedContainer } from '../harness/container.ts';
import { nodeDir } from '../harness/installed.ts';
import { describeModes } from '../harness/modes.ts';
import { openTerminal } from '../harness/pty.ts';

const launcher = readFileSync(fileURLToPath(new URL('../../bin/hermes', import.meta.url)), 'utf8');

/** What the launcher sets aside: the words of its one long list. */
const setAside = (/^for \w+ in (NODE_[^;]*);/m.exec(launcher)?.[1] ?? '')
  .split(/[\s\\]+/)
  .filter((word) => word !== '');

/** Every variable that the documentation of Node 20, 22, 24 and 26 names: cli, child_process, cluster, test runner. */
const documented = [
  'NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE NODE_CLUSTER_SCHED_POLICY NODE_COMPILE_CACHE',
  'NODE_COMPILE_CACHE_PORTABLE NODE_DEBUG NODE_DEBUG_NATIVE NODE_DISABLE_COLORS NODE_DISABLE_COMPILE_CACHE',
  'NODE_EXTRA_CA_CERTS NODE_ICU_DATA NODE_NO_WARNINGS NODE_OPTIONS NODE_PATH NODE_PENDING_DEPRECATION',
  'NODE_PENDING_PIPE_INSTANCES NODE_PRESERVE_SYMLINKS NODE_PRESERVE_SYMLINKS_MAIN NODE_REDIRECT_WARNINGS',
  'NODE_REPL_EXTERNAL_MODULE NODE_REPL_HISTORY NODE_SKIP_PLATFORM_CHECK NODE_TEST_CONTEXT',
  'NODE_TLS_REJECT_UNAUTHORIZED NODE_UNIQUE_ID NODE_USE_ENV_PROXY NODE_USE_SYSTEM_CA NODE_V8_COVERAGE',
  'OPENSSL_CONF SSL_CERT_DIR SSL_CERT_FILE UV_THREADPOOL_SIZE',
].flatMap((line) => line.split(' '));

/** About the caller's terminal and clock, meant for hermes as much as for anybody: they stay. */
const meantForAll = ['FORCE_COLOR', 'NO_COLOR', 'TZ'];

describe('no environment of the caller can break or slow hermes', () => {
  it('the launcher sets aside every variable that node documents', async () => {
    expect(documented.filter((name) => !setAside.includes(name))).toEqual([]);
    const { stdout } = await execa(join(nodeDir(), 'node'), ['--help']);
    const section = stdout.slice(stdout.indexOf('Environment variables:'));
    const names = [...section.matchAll(/^([A-Z][A-Z0-9_]+)/gm)].map(([, name]) => name ?? '');
    expect(names).toContain('NODE_PATH');
    expect(names.filter((name) => ![...setAside, ...meantForAll].includes(name))).toEqual([]);
  });

  describeModes(
    (mode) => {
      /** The worst value that each can have. */
      const hostile = (dir: string): Record<string, string> => ({
        ...Object.fromEntries(setAside.map((name) => [name, '1'])),
        NODE_OPTIONS: '--require=/nonexistent --inspect-brk',
        NODE_DEBUG: '*',
        NODE_DEBUG_NATIVE: '*',
        NODE_V8_COVERAGE: join(dir, 'coverage'),
        NODE_COMPILE_CACHE: join(dir, 'cache'),
        NODE_REDIRECT_WARNINGS: join(dir, 'warnings'),
        NODE_ICU_DATA: '/nonexistent',
        NODE_CHANNEL_FD: '0',
        NODE_TEST_CONTEXT: 'child-v8',
        NODE_EXTRA_CA_CERTS: '/nonexistent',
        OPENSSL_CONF: '/nonexistent',
      });

      it('with every one of them set, hermes runs in the container as if none were, and node sees none', async () => {
        await using container = await managedContainer(mode);
        const dir = join(container.root, 'witness');
        mkdirSync(dir);
        chmodSync(dir, 0o777);
        // stands for node on PATH: writes down what reaches it, then becomes the real one
        const real = join(nodeDir(), 'node');
        writeFileSync(
          join(dir, 'node'),
          `#!/bin/sh\ncat /proc/self/environ >${dir}/environ\nexec ${real} "$@"\n`,
        );
        chmodSync(join(dir, 'node'), 0o755);
        const shim = String((await (await container.shell('command -v hermes')).ended).stdout).trim();
        const path = `${dir}:${container.caller.env.PATH}`;
        const call = container.call([shim, 'exit', '9'], { env: { ...hostile(dir), PATH: path } });
        expect(await call.ended).toMatchObject({ exitCode: 9, stdout: '', stderr: '' });
        const seen = readFileSync(join(dir, 'environ'), 'utf8')
          .split('\0')
          .map((entry) => entry.split('=')[0] ?? '');
        expect(seen).toContain('HERMES_SHIM_STAT');
        expect(seen.filter((name) => setAside.includes(name))).toEqual([]);
        expect(readdirSync(dir).sort()).toEqual(['environ', 'node']);
      });

      it('a native hermes gets all of them back', async () => {
        await using container = await managedContainer(mode);
        const native = join(container.root, 'native');
        mkdirSync(native);
        writeFileSync(join(native, 'hermes'), '#!/bin/sh\ncat /proc/self/environ\n');
        chmodSync(join(native, 'hermes'), 0o755);
        const values = { ...hostile(container.root), NODE_PATH: '', NODE_DEBUG: " a b\n'c' $d" };
        const env = { ...values, HERMES_DEV: '1', HERMES_NATIVE_DIR: native };
        const ended = await container.hermes([], { env });
        expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
        const entries = ended.stdout.split('\0');
        const given = Object.entries(values).map(([name, value]) => `${name}=${value}`);
        expect(entries).toEqual(expect.arrayContaining(given));
        expect(entries.filter((entry) => entry.startsWith('HERMES_SHIM_S'))).toEqual([]);
        expect(existsSync(join(container.root, 'coverage'))).toBe(false);
      });

      it('contradicting colour wishes bring no warning of node', async () => {
        await using container = await managedContainer(mode, { start: false });
        const env = { FORCE_COLOR: '1', NO_COLOR: '1', HERMES_SHIM_WAIT: '0.5' };
        const path = (await (await container.shell('command -v hermes')).ended).stdout.trim();
        await using terminal = await openTerminal({ ...container.identity({ env }), argv: [path] });
        await terminal.exit;
        expect(terminal.output()).toMatch(/is not running/);
        expect(terminal.output()).not.toMatch(/warning/i);
      });
    },
    ['docker'],
  );
});
