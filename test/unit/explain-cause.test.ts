import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  causesPage,
  causesSection,
  sampleCauses,
  sampleCircumstances,
  sampleContainer,
  sampleFailures,
  withCauses,
} from '../../scripts/causes.ts';
import type { Cause } from '../../src/engine/cause.ts';
import { explainCause } from '../../src/engine/explain-cause.ts';
import { formatFailure } from '../../src/report/failure.ts';

const told = sampleFailures().map(({ cause, failure }) => [cause.kind, cause, failure] as const);
const page = readFileSync(new URL(`../../${causesPage}`, import.meta.url), 'utf8');
const tell = (cause: Cause, about = {}) =>
  formatFailure(explainCause(cause, { ...sampleCircumstances, ...about }));

describe('the table of causes', () => {
  it('is in docs/troubleshooting.md as it is in the code', () => {
    expect(withCauses(page), 'run `npm run causes`').toBe(page);
    for (const [, , failure] of told) expect(causesSection()).toContain(failure.sentence);
  });

  it.each(told)('%s: one sentence, something to type, and an exit code of the shim', (_, __, failure) => {
    expect(failure.sentence).not.toMatch(/undefined|NaN|\[object|\n/);
    expect(failure.hints.length).toBeGreaterThan(0);
    for (const { label, text } of failure.hints) {
      expect(label).not.toMatch(/:$/);
      expect(text).not.toMatch(/undefined|\n/);
    }
    expect([125, 126, 127, 255]).toContain(failure.exitCode);
  });

  it('tells how long was waited, and only then', () => {
    const absent: Cause = { kind: 'absent', engine: 'docker' };
    expect(tell(absent, { waitedMs: 5012 })).toMatch(
      /^hermes: container 'hermes-agent' does not exist \(docker\); waited 5 s\n/,
    );
    expect(tell(absent, { waitedMs: 400 })).toContain('; waited 0.4 s\n');
    expect(tell(absent, { waitedMs: 10 })).toContain('; waited 0.1 s\n');
    expect(tell(absent)).not.toContain('waited');
  });

  it("sends who may not keep the container to root's commands", () => {
    const absent: Cause = { kind: 'absent', engine: 'docker' };
    expect(tell(absent, { keptBy: 'sudo hermes-shim' })).toMatch(/make it: +sudo hermes-shim up\n/);
    expect(tell(absent, { keptBy: 'hermes-shim' })).toMatch(/make it: +hermes-shim up\n/);
    const [stopped] = sampleCauses['not-running'];
    if (stopped === undefined) throw new Error('no sample');
    expect(tell(stopped, { keptBy: 'sudo hermes-shim' })).toMatch(
      / sudo hermes-shim logs\n[\s\S]* sudo hermes-shim up\n/,
    );
  });

  it('offers the host only where hermes has not run', () => {
    for (const [kind, , failure] of told)
      expect(formatFailure(failure).includes('HERMES_DEV=1'), kind).toBe(
        !['session-lost', 'fate-unknown', 'connection-lost'].includes(kind),
      );
  });

  it('names the commands of this engine and of the way it was reached', () => {
    const [cause] = sampleCauses['not-running'].slice(1);
    if (cause === undefined) throw new Error('no sample');
    const via = {
      engine: 'podman',
      binary: '/usr/bin/podman',
      access: { kind: 'sudo', tool: 'sudo', binary: '/usr/bin/sudo' },
    } as const;
    const elsewhere = { onNixos: false };
    expect(tell({ ...cause, engine: 'podman', via }, elsewhere)).toContain(
      '  start it:  sudo podman start hermes-agent\n',
    );
    expect(tell(cause, elsewhere)).toContain('  start it:  docker start hermes-agent\n');
    expect(tell(cause)).toContain('  start it:  sudo systemctl start hermes-agent\n');
    const down = { kind: 'daemon-down', engine: 'docker' } as const;
    expect(tell({ ...down, detail: 'at unix:///var/run/docker.sock' })).toContain(
      'sudo systemctl start docker\n',
    );
    expect(tell({ ...down, detail: 'at unix:///run/user/1000/docker.sock' })).toContain(
      '  systemctl --user start docker\n',
    );
    expect(tell({ ...down, engine: 'podman', detail: 'no socket' })).toContain(
      'sudo systemctl start podman.socket\n',
    );
  });

  it('leads to podman’s group where sudo cannot be had, and to docker’s never by that way', () => {
    const group = 'users.users.alice.extraGroups = [ "podman" ];   # equal to root';
    const [gains, setuid] = (['no-new-privileges', 'not-setuid'] as const).map((refusal) =>
      sampleCauses['sudo-refused'].find((cause) => cause.refusal === refusal),
    );
    if (!gains || !setuid) throw new Error('no samples');
    for (const cause of [gains, setuid, ...sampleCauses['no-sudo']]) {
      expect(tell(cause)).toContain(group);
      expect(tell(cause, { onNixos: false })).toContain('usermod -aG podman alice');
      expect(tell({ ...cause, engine: 'docker' })).not.toContain('podman.enable');
    }
  });

  it('gives each of several reasons of a container that does not run its own words', () => {
    const [created, exited, restarting] = sampleCauses['not-running'].map((cause) => tell(cause));
    expect(created).toContain('(docker: created, but never started)');
    expect(exited).toContain('(docker: exited with code 137, 2 minutes ago)');
    expect(restarting).toContain('(docker: restarting over and over, last exit code 1)');
  });

  it('lets no control character of an engine, a log, a name or a path through', () => {
    const evil = '\u001b]0;title\u0007\r\nhermes: forged \u202e';
    const about = {
      containerName: 'hermes-agent',
      execUser: evil,
      file: `/${evil}`,
      userName: evil,
      log: [evil],
    };
    const state = { status: 'other', word: evil, startedMs: 1, finishedMs: undefined, exitCode: 0 } as const;
    const causes: Cause[] = [
      ...told.map(([, cause]) => cause),
      { kind: 'daemon-down', engine: 'docker', detail: evil },
      { kind: 'engine-nonsense', engine: 'docker', detail: evil },
      { kind: 'engine-not-executable', engine: 'docker', file: `/${evil}`, detail: evil },
      { kind: 'socket-forbidden', engine: 'docker', binary: `/${evil}`, detail: evil },
      { kind: 'remote-engine', engine: 'docker', endpoint: evil },
      { kind: 'check-failed', engine: 'docker', prefix: 'docker', detail: evil },
      {
        kind: 'not-running',
        engine: 'docker',
        container: sampleContainer(state),
        via: { engine: 'docker', binary: '/d', access: { kind: 'direct' } },
      },
    ];
    for (const cause of causes) {
      for (const onNixos of [true, false]) {
        const { sentence, hints } = explainCause(cause, { ...sampleCircumstances, ...about, onNixos });
        for (const text of [sentence, ...hints.map((hint) => hint.text)]) {
          expect(text, cause.kind).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        }
      }
    }
  });
});
