/** What `hermes-shim status` tells where `up` could do nothing. */
import { expect, it } from 'vitest';
import { tell } from '../../../src/companion/status.ts';
import { parseDeclaration } from '../../../src/managed/file/read.ts';
import { toWanted } from '../../../src/managed/file/wanted.ts';
import { Failure } from '../../../src/report/failure.ts';

const file = '/etc/hermes-shim/hermes-shim.yaml';
const root = { uid: 0, gid: 0, name: 'root', home: '/root', dataHome: undefined };
const context = {
  wanted: toWanted(parseDeclaration('', file), root),
  via: { engine: 'docker', binary: '/usr/bin/docker', access: { kind: 'direct' } },
  caller: { env: {}, uid: 0 },
} as unknown as Parameters<typeof tell>[0];
const container = {
  name: 'hermes-agent',
  id: 'a'.repeat(64),
  state: { status: 'running', word: 'running', startedMs: 0, finishedMs: undefined, exitCode: 0 },
};
const made = { container, labels: {}, imageId: 'abc', restartPolicy: 'no' } as unknown as NonNullable<
  Parameters<typeof tell>[1]['made']
>;
const plan = { steps: [], notes: ['a note'], identity: 'abc' };
const look = { symbols: true, colour: false };
const room = new Failure(125, 'less than 64 MiB are free', [{ label: 'look', text: 'df -h /var/lib' }]);

it('a file that is missing hides nothing of the container, and is told with what to type', () => {
  const outcome = new Failure(125, 'environmentFiles: /x\x1b is not there', [
    { label: 'look', text: 'ls -l /x' },
  ]);
  const { code, json, text } = tell(context, { made, byUnit: false, outcome, room: undefined });
  expect(code).toBe(1);
  expect(text(look)).toMatch(
    /container +hermes-agent \(docker\): running[\s\S]*✗ up could do nothing: environmentFiles: \/x\\x1b is not there\n {4}look: {2}ls -l \/x\n$/,
  );
  expect(json).toMatchObject({
    container: { status: 'running' },
    declared: null,
    error: { says: outcome.sentence, fixes: outcome.hints },
  });
});

it('a full disk is a note beside what is', () => {
  const { code, json, text } = tell(context, { made, byUnit: true, outcome: plan, room });
  expect(code).toBe(0);
  expect(text(look)).toMatch(
    /at boot +by a systemd unit[\s\S]*✓ nothing differs.*\n! less than 64 MiB are free: df -h \/var\/lib\n! a note\n$/,
  );
  expect(json).toMatchObject({
    declared: { notes: ['less than 64 MiB are free: df -h /var/lib', 'a note'] },
  });
  expect(json).not.toHaveProperty('error');
});
