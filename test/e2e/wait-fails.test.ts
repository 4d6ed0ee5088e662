/** Waiting in vain: what a person reads then, on real engines. The whole table, word for word, is in docs/troubleshooting.md. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { engineOf } from '../../scripts/engines/modes.ts';
import type { Ended } from '../harness/call.ts';
import { type ManagedContainer, managedContainer } from '../harness/container.ts';
import { until } from '../harness/host.ts';
import { lookalike } from '../harness/lookalike.ts';
import { describeModes, distinctModes, type EngineMode, pausableModes } from '../harness/modes.ts';

const atOnce = { env: { HERMES_SHIM_WAIT: '0' } };
const briefly = { env: { HERMES_SHIM_WAIT: '0.4' } };
const onHost = '  run hermes on this host instead:  HERMES_DEV=1 hermes …\n';

/** What a person types for the way's engine. */
const typed = (mode: EngineMode): string => (mode === 'podman-sudo' ? 'sudo podman' : engineOf(mode));

/** Nothing on stdout, an error that ends as all do, and no hermes started. */
function expectError(ended: Ended, container: ManagedContainer, code: number): string {
  expect([ended.exitCode, ended.signal, ended.stdout]).toEqual([code, null, '']);
  expect(container.starts()).toEqual([]);
  expect(ended.stderr.endsWith(onHost)).toBe(true);
  return ended.stderr.slice(0, -onHost.length);
}

describeModes((mode) => {
  it('a container that was created but never started is told so, and how to start it', async () => {
    await using container = await managedContainer(mode, { start: false });
    const { name, engine } = container;
    expect(expectError(await container.hermes(['version'], briefly), container, 125)).toMatch(
      new RegExp(
        [
          `^hermes: container '${name}' is not running \\(${engine}: created, but never started\\); waited [\\d.]+ s`,
          `  start it:  ${typed(mode)} start ${name}`,
          '$',
        ].join('\n'),
      ),
    );
  });

  it('a user that never appears is named, and how to watch the first start', async () => {
    await using container = await managedContainer(mode, { userAfterMs: 'never' });
    const { name, metadataFile } = container;
    expect(expectError(await container.hermes(['version'], briefly), container, 125)).toMatch(
      new RegExp(
        [
          `^hermes: container '${name}' has no user 'hermes', which its first start creates; waited [\\d.]+ s`,
          `  watch that:  ${typed(mode)} logs -f ${name}`,
          `  who is there:  ${typed(mode)} exec ${name} cat /etc/passwd`,
          `  what asks for it:  cat ${metadataFile}`,
          '$',
        ].join('\n'),
      ),
    );
  });

  it('a hermes that is missing is 127, with the way to repair the link', async () => {
    await using container = await managedContainer(mode);
    rmSync(join(container.stateDir, 'current-package'));
    const { name } = container;
    expect(expectError(await container.hermes(['version'], atOnce), container, 127)).toBe(
      [
        `hermes: container '${name}' has no /data/current-package/bin/hermes`,
        `  look:       ${typed(mode)} exec ${name} ls -l /data/current-package/bin/hermes`,
        '  repair it:  sudo systemctl restart hermes-agent   # makes current-package and its GC root anew',
        '',
      ].join('\n'),
    );
  });
}, distinctModes);

describeModes((mode) => {
  it('a container that does not exist is told so, and what asks for it', async () => {
    await using container = await managedContainer(mode);
    await container.remove();
    const { name, engine, metadataFile } = container;
    const text = expectError(await container.hermes(['version'], atOnce), container, 125);
    expect(text).toBe(
      [
        `hermes: container '${name}' does not exist (${engine})`,
        `  what is there:  ${typed(mode)} ps -a`,
        `  what asks for it:  cat ${metadataFile}`,
        '',
      ].join('\n'),
    );
  });
}, distinctModes);

describeModes(
  (mode) => {
    it('a container that ended shows its code, since when, and its last three log lines, harmless', async () => {
      await using container = await managedContainer(mode, { start: false });
      const script = `echo first; sleep 0.2; echo second; sleep 0.2; echo 'hermes: forged' >&2; sleep 0.2
        printf 'red \\033[31m\\007 line\\n'; exit 3`;
      await using _ = await lookalike(container, { script });
      const { name, engine } = container;
      await container.engineCli(['wait', name]);
      const text = expectError(await container.hermes(['version'], atOnce), container, 125);
      const [sentence = '', ...hints] = text.split('\n');
      expect(sentence).toMatch(
        new RegExp(`^hermes: container '${name}' is not running \\(${engine}: exited with code 3, .*\\)$`),
      );
      expect(sentence).toMatch(/just now|\d seconds? ago/);
      expect(hints.slice(0, 3)).toEqual([
        '  its log:   second',
        '  its log:   hermes: forged',
        '  its log:   red \\x1b[31m\\x07 line',
      ]);
      expect(hints.slice(3)).toEqual([
        `  see why:   ${typed(mode)} logs --tail 20 ${name}`,
        `  start it:  ${typed(mode)} start ${name}`,
        '',
      ]);
    });

    it('a paused container fails at once, with the command that lets it go on', async () => {
      await using container = await managedContainer(mode);
      await container.pause();
      const { name, engine } = container;
      try {
        // were it waited for, the test would end the call
        const ended = await container.hermes(['version'], { env: { HERMES_SHIM_WAIT: '3600' } });
        expect(expectError(ended, container, 125)).toBe(
          [
            `hermes: container '${name}' is paused (${engine}), so nothing can run in it`,
            `  let it go on:  ${typed(mode)} unpause ${name}`,
            '',
          ].join('\n'),
        );
      } finally {
        await container.unpause();
      }
    });
  },
  // nor does rootless podman see a short-lived first process end in less than 20 s
  pausableModes,
);

describeModes(
  (mode) => {
    it('a container that fails and restarts over and over is told so, whatever the last look saw', async () => {
      await using container = await managedContainer(mode, { start: false });
      const script = 'echo no config; sleep 0.05; exit 7';
      await using _ = await lookalike(container, { script, engineArgs: ['--restart=always'] });
      // its pauses between starts grow: after some it restarts more than it runs
      const restarts = () =>
        container.engineCli(['inspect', '--format', '{{.RestartCount}}', container.name]);
      await until(async () => Number(await restarts()) > 3, { what: 'a few restarts' });
      const ended = await container.hermes(['version'], { env: { HERMES_SHIM_WAIT: '2' } });
      const text = expectError(ended, container, 125);
      expect(text).toContain(
        `hermes: container '${container.name}' is not running (docker: restarting over and over, last exit code 7); waited`,
      );
      expect(text).toContain('  its log:  no config\n');
      expect(text).toContain(`  see why:  docker logs --tail 20 ${container.name}\n`);
    });
  },
  // podman 4 shows such a container as exited between its starts
  ['docker'],
);
