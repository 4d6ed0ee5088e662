/** The exec wrapper, seen from outside: whatever the container is like, hermes runs, and nothing of the exec wrapper stays. */
import { expect, it } from 'vitest';
import { shells } from '../../scripts/engines/modes.ts';
import { managedContainer } from '../harness/container.ts';
import { describeModes, distinctModes, inTurns } from '../harness/modes.ts';
import { readReport } from '../harness/report.ts';

const notes = 'ls /tmp/.hermes-shim-* /dev/shm/.hermes-shim-* 2>/dev/null';

/** Leaves beside the only note what 78 more such sessions would have left: each its pid's, and they are gone. */
const manySessions = `umask 077; cd /tmp/.hermes-shim-*/ && set -- * && [ $# = 1 ] && read -r _ rest <"$1" || exit
pid=30000
while [ $pid -lt 30078 ]; do
  pid=$((pid + 1))
  [ ! -d /proc/$pid ] && echo "$pid $rest" >$pid || exit
done`;

describeModes((mode) => {
  it.each(shells)(
    'with %s as /bin/sh, hermes gets everything and no variable of the exec wrapper',
    async (image) => {
      // The names that short scripts use, and one of the exec wrapper's own would be: none may be changed on the way.
      const names = [...'abcdefghijklmnopqrstuvwxyz'].map((name) => [name, `own ${name}`] as const);
      await using container = await managedContainer(mode, { image, env: Object.fromEntries(names) });
      const bare = readReport((await container.exec([container.hermesBin, 'report'])).stdout).env;
      const env = {
        HERMES_SHIM_FORWARD_ENV: 'ONE',
        ONE: 'quoted " \' \\ $x `x` %s \\n',
        LC_CTYPE: 'Cÿ',
      };
      const args = ['', '-n', '%s', 'two\nlines\n', '\\0101'];
      const first = 'set -- "$@" "$(printf "a\\377b")" "$(printf "\\376-")"; umask 027; exec 2>&1';
      const ended = await container.hermes(['report', '-', ...args], { env, first });
      expect(ended.exitCode).toBe(0);
      const report = readReport(ended.stdoutBytes);
      const { HERMES_SHIM_SESSION: _, PWD = report.cwd, ...seen } = report.env;
      expect(seen).toEqual({
        ...bare,
        LANG: container.caller.env.LANG,
        ONE: env.ONE,
        LC_CTYPE: env.LC_CTYPE,
      });
      expect([report.umask, report.cwd, PWD]).toEqual(['0027', '/data/workspace', '/data/workspace']);
      expect(report.files[1]).toBe(report.files[2]);
      const bytes = [Buffer.from('a\xffb', 'latin1'), Buffer.from('\xfe-', 'latin1')];
      expect(report.argv.slice(2)).toEqual([...args.map((text) => Buffer.from(text)), ...bytes]);
    },
  );

  it('with a /tmp that it may not write hermes still runs, its code is its own, and a signal still reaches it', async () => {
    await using container = await managedContainer(mode);
    await container.exec(['chmod', '0755', '/tmp'], { user: '0' });
    expect(await container.hermes(['exit', '127'])).toMatchObject({ exitCode: 127, stderr: '' });
    await using session = await container.session(
      ['sh', '-c', 'trap "echo bye; exit 7" TERM; echo ready; read x'],
      {
        stdin: 'pipe',
      },
    );
    await session.waitFor('ready', 30_000);
    session.kill('SIGTERM');
    expect(await session.ended).toMatchObject({ exitCode: 7, stdout: 'ready\nbye\n' });
  });
}, inTurns(distinctModes));

describeModes(
  (mode) => {
    it('its notes do not pile up', async () => {
      await using container = await managedContainer(mode);
      const files = async () => {
        const { stdout } = await container.exec(['/bin/sh', '-c', notes]);
        return stdout.split('\n').filter((line) => /^\d+$/.test(line));
      };
      const version = () => container.hermes(['version']);
      expect(await version()).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await files()).toHaveLength(1);
      expect(await container.exec(['/bin/sh', '-c', manySessions])).toMatchObject({ code: 0 });
      expect(await files()).toHaveLength(79);
      for (const ended of await Promise.all([version(), version()]))
        expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
      expect(container.starts()).toHaveLength(3);
      const left = await files();
      expect(left.length).toBeGreaterThan(0);
      expect(left.filter((pid) => Number(pid) > 30_000)).toEqual([]);
    });
  },
  // what tidies up runs in the container and knows of no engine
  ['docker', 'podman-rootless'],
);
