/** Root's podman, served at its usual place: found by an ordinary user in the socket's group without any setting. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCommand } from '../../scripts/engines/command.ts';
import { call, type Ended } from '../harness/call.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { fakeEngine } from '../harness/fakes.ts';
import { shim } from '../harness/installed.ts';
import { describeModes, engines } from '../harness/modes.ts';

const usual = '/run/podman/podman.sock';

/**
 * A mount namespace in which the bed's socket lies at the usual place, held by a process; the machine's own /run stays as
 * it is. `mode`: the directory's, which root's alone has where nobody gave it to a group. `more`: sh code that runs last.
 */
async function servedView(mode = '0755', more = ':'): Promise<{ pid: number; [Symbol.dispose]: () => void }> {
  const socket = String(engines.podmanHost).replace('unix://', '');
  const script = `mount -t tmpfs -o mode=0755 hermes-shim-bed /run && mkdir -m ${mode} /run/podman && : >${usual} &&
mount --bind '${socket}' ${usual} && { ${more}; } && echo ready && exec cat`;
  const holder: ChildProcess = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', '/bin/sh', '-c', script],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  if (holder.stdout) await once(holder.stdout, 'data');
  return { pid: holder.pid ?? 0, [Symbol.dispose]: () => void holder.stdin?.end() };
}

/** Runs a command in that view as the container's caller, whom no setting leads anywhere. */
function inView(
  view: { pid: number },
  container: ManagedContainer,
  words: readonly string[],
  privileges: readonly string[] = [],
): Promise<Ended> {
  const { uid, gid } = container.caller;
  const identity = ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', ...privileges];
  const person = ['setpriv', ...identity, '--', ...words];
  // whoever enters the view is root
  const root = { ...container.caller, uid: 0, gid: 0 };
  const argv = ['nsenter', `--mount=/proc/${view.pid}/ns/mnt`, '--', ...person];
  return call(root, argv, { env: { CONTAINER_HOST: undefined }, timeoutMs: 60_000 }).ended;
}

const hardened = ['--no-new-privs'];

describeModes(
  (mode) => {
    describe.runIf(engines.asRoot)("the service of root's podman", () => {
      it('is found at its usual place and spoken to there, before sudo and without the client', async () => {
        await using container = await managedContainer(mode);
        using view = await servedView();
        expect(await inView(view, container, [await shim(), 'exit', '3'])).toMatchObject({
          exitCode: 3,
          stderr: '',
        });
        expect(container.starts()).toHaveLength(1);
        const { stdout } = await inView(view, container, [
          await shim('hermes-shim'),
          'explain',
          '--json',
          'exit',
          '4',
        ]);
        const { api, decisions, command } = JSON.parse(stdout) as {
          api: unknown;
          decisions: { about: string; fact: string }[];
          command: string[];
        };
        expect(api).toEqual({ socket: usual, version: '1.41' });
        // it names the socket, and does the same
        expect(command.slice(1, 4)).toEqual(['--url', `unix://${usual}`, 'exec']);
        // (a rootless podman that runs already would draw the client into its own view of the mounts)
        const runtime = join(container.root, 'runtime');
        mkdirSync(runtime, { mode: 0o700 });
        chownSync(runtime, container.caller.uid, container.caller.gid);
        const pasted = ['env', `XDG_RUNTIME_DIR=${runtime}`, ...command];
        expect(await inView(view, container, pasted)).toMatchObject({ exitCode: 4, stderr: '' });
        expect(container.starts()).toHaveLength(2);
        const access = decisions.filter(({ about }) => about === 'access').map(({ fact }) => fact);
        expect(access).toEqual([`by the socket of podman's service, ${usual}`]);
      });

      it('serves a process that may gain no privileges, as in a unit with NoNewPrivileges', async () => {
        await using container = await managedContainer(mode);
        using view = await servedView();
        const ended = await inView(view, container, [await shim(), 'exit', '3'], hardened);
        expect(ended).toMatchObject({ exitCode: 3, stderr: '' });
        const doctor = await inView(
          view,
          container,
          [await shim('hermes-shim'), 'doctor', '--json'],
          hardened,
        );
        const { checks } = JSON.parse(doctor.stdout) as { checks: { check: string; says: string }[] };
        expect(checks.find(({ check }) => check === 'transport')?.says).toBe(
          `by the API, version 1.41, on ${usual}`,
        );
      });

      const useless = {
        'that everybody sees and only its group may use': `umount ${usual} && rm ${usual} && node -e 'net.createServer().listen(process.argv[1], () => process.kill(process.pid, 9))' ${usual}; chmod 0660 ${usual}`,
        'that nobody listens at any more': `umount ${usual} && rm ${usual} && node -e 'net.createServer().listen(process.argv[1], () => process.kill(process.pid, 9))' ${usual}; chmod 0666 ${usual}`,
      };
      it.each(Object.entries(useless))(
        '%s is passed over without starting a client for it',
        async (_, more) => {
          await using container = await managedContainer(mode);
          using view = await servedView('0755', more);
          const [dir, log] = [join(container.root, 'bin'), join(container.root, 'log')];
          fakeEngine(dir, 'podman', `echo "$*" >>${log}; exec ${findCommand('podman')} "$@"`);
          writeFileSync(log, '');
          chmodSync(log, 0o666);
          const words = ['sh', '-c', `PATH=${dir}:$PATH HERMES_SHIM_WAIT=0 exec "$0" exit 3`, await shim()];
          const ended = await inView(view, container, words);
          expect([ended.exitCode, ended.stdout]).toEqual([125, '']);
          // rootless podman is asked, which knows no such container
          expect(readFileSync(log, 'utf8')).toMatch(/^inspect /);
          expect(readFileSync(log, 'utf8')).not.toContain('--url');
          expect(container.starts()).toEqual([]);
        },
      );

      it('that is root’s alone is none, and it is told how to come into its group', async () => {
        await using container = await managedContainer(mode);
        using view = await servedView('0700');
        const ended = await inView(view, container, [await shim(), 'exit', '3'], hardened);
        expect([ended.exitCode, ended.stdout]).toEqual([125, '']);
        expect(ended.stderr).toMatch(/\(NoNewPrivileges\)\n/);
        expect(ended.stderr).toMatch(/by podman's socket: .*podman.*# equal to root/);
        expect(container.starts()).toEqual([]);
      });
    });
  },
  ['podman-socket'],
);
