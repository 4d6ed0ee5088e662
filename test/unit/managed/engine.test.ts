import { describe, expect, it } from 'vitest';
import { readInspect } from '../../../src/managed/engine/facts.ts';

describe('what an engine answers when some of it is not there', () => {
  const one = '[{"Id": "a"}]\n';

  it.each([
    ['docker', 'Error: No such object: x-before'],
    ['docker', 'Error response from daemon: No such container: x-before'],
    [
      'docker, with a configuration that it cannot read',
      'WARNING: Error loading config file: /c.json: no such file\nerror: no such object: x',
    ],
    ['podman', 'Error: error inspecting object: no such container x-before'],
    [
      'podman without a session of systemd',
      'time="2026-11-29T17:00:00Z" level=warning msg="The cgroupv2 manager is set to systemd but there is no systemd user session available"\ntime="2026-11-29T17:00:00Z" level=warning msg="Falling back to --cgroup-manager=cgroupfs"\nError: inspecting object: no such container x-before',
    ],
    [
      'podman at a terminal',
      'WARN[0000] "/" is not a shared mount: it does not exist\nError: inspecting object: x: image not known',
    ],
  ])('%s: warnings are no answer', (_, stderr) => {
    expect(readInspect({ stdout: one, stderr })).toEqual({
      found: [{ Id: 'a' }],
      missing: 1,
      complaints: [],
    });
  });

  it('what is wrong is no absence, and is told without what is not', () => {
    const stderr =
      'Error: No such container: x\nCannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n';
    expect(readInspect({ stdout: '[]\n', stderr })).toMatchObject({
      found: [],
      missing: 1,
      complaints: [expect.stringContaining('Cannot connect')],
    });
    const unknown = 'Error: error inspecting object: permission denied';
    expect(readInspect({ stdout: '', stderr: unknown })).toMatchObject({ missing: 0 });
  });
});
