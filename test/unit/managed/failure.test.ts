/** What is advised where an engine did not do what it was told. */
import { describe, expect, it } from 'vitest';
import type { EngineAccess } from '../../../src/engine/access.ts';
import { commandFailure } from '../../../src/managed/engine/failure.ts';

const via: EngineAccess = { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } };
const advice = (doing: string, words: string, command = 'hermes-shim up') =>
  commandFailure(doing, words, via, { image: 'example/hermes', name: 'hermes-agent', command })
    .hints.map(({ text }) => text)
    .join('\n');

describe('advice about what an engine refused', () => {
  it.each([
    'unknown flag: --gpuss\nSee "docker create --help".',
    "unknown shorthand flag: 'q' in -qq",
    'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number',
    'Error: unknown option image: not found',
  ])('an option of the file that the engine does not know is no image: %s', (words) => {
    const told = advice('create the container', words);
    expect(told).toContain('container.extraOptions');
    expect(told).not.toContain('docker pull');
  });

  it.each([
    ['pull example/hermes', 'Error response from daemon: pull access denied for example/hermes'],
    ['pull example/hermes', 'manifest unknown'],
    ['create the container', 'Error: No such image: example/hermes'],
    ['create the container', 'Error: short-name "hermes" did not resolve to an alias'],
  ])('an image that is not there is told when to %s: %s', (doing, words) => {
    expect(advice(doing, words)).toContain('docker pull example/hermes');
  });

  it("the daemon's reason is told, not the sentence of docker's client behind it", () => {
    const words =
      'Error response from daemon: sandbox b58b not found\nError: failed to rename container named hermes-agent\n';
    const { sentence } = commandFailure('rename the container', words, via, {
      image: 'example/hermes',
      name: 'hermes-agent',
      command: 'hermes-shim up',
    });
    expect(sentence).toContain('sandbox b58b not found');
  });

  it('what has to do with neither is shown in full', () => {
    expect(advice('start the container', 'OCI runtime error: permission denied: unknown')).toBe(
      'HERMES_SHIM_DEBUG=1 hermes-shim up',
    );
  });

  it.each(['hermes-shim down', 'hermes-shim restart --file /srv/f.yaml'])(
    'the command that was typed is the one to repeat: %s',
    (command) => {
      expect(advice('stop the container', 'Error: it hangs', command)).toBe(`HERMES_SHIM_DEBUG=1 ${command}`);
      expect(advice('start the container', 'bind: address already in use', command)).toContain(
        `\n${command}`,
      );
    },
  );
});
