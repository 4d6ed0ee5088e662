import { expect, it } from 'vitest';
import { hermesUid } from '../harness/container.ts';
import { describeModes, transportModes } from '../harness/modes.ts';
import { readReport } from '../harness/report.ts';
import { shareContainer } from '../harness/shared.ts';

describeModes((mode) => {
  const shared = shareContainer(mode);

  it('hermes runs in the container, as the exec_user', async () => {
    const container = await shared();
    const ended = await container.hermes(['report', '-', 'a b', '', '-x', '--']);
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    const report = readReport(ended.stdoutBytes);
    expect(report).toMatchObject({ uid: hermesUid, cwd: '/data/workspace', terminal: [false, false, false] });
    expect(report.args).toEqual(['report', '-', 'a b', '', '-x', '--']);
    expect(report.env).toMatchObject({ HERMES_HOME: '/data/.hermes', HERMES_MANAGED: 'true' });
    expect(container.starts()).toHaveLength(1);
  });

  it("hermes's exit code is the shim's", async () => {
    const container = await shared();
    for (const code of [0, 1, 2, 125, 126, 127, 130, 255]) {
      expect(await container.hermes(['exit', String(code)])).toMatchObject({ exitCode: code, stderr: '' });
    }
  });

  it('hermes-agent runs the sibling binary, hermes-acp runs hermes acp', async () => {
    const container = await shared();
    await container.hermes(['version'], { name: 'hermes-agent' });
    const acp = await container.hermes([], { name: 'hermes-acp', input: '{"id":1}\n' });
    expect(acp).toMatchObject({ exitCode: 0, stdout: '{"echo":{"id":1}}\n', stderr: '' });
    expect(container.starts().map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      'hermes-agent version',
      'hermes acp',
    ]);
  });
}, transportModes);
