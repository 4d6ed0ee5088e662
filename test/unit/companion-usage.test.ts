import { expect, it, vi } from 'vitest';
import { buildParser } from '../../src/companion/parser.ts';
import { UsageError } from '../../src/companion/usage-error.ts';

/** What is asked for by these words. */
async function asked(words: string): Promise<object | undefined> {
  const requests: object[] = [];
  await buildParser(words.split(' '), (request) => void requests.push(request)).parseAsync();
  return requests[0];
}

it.each([
  ['status --file a --file b', '--file is there twice: give it once'],
  ['logs --since 1m --since 2m', '--since is there twice: give it once'],
  ['enable --container a --container a', '--container is there twice: give it once'],
  ['enable --service a --service b', '--service is there twice: give it once'],
  ['enable --user a --user b', '--user is there twice: give it once'],
  ['enable --bin /a --bin /b', '--bin is there twice: give it once'],
  ['enable --backend docker --backend podman', '--backend is there twice: give it once'],
  ['explain --name hermes --name hermes', '--name is there twice: give it once'],
  ['up --no-file', '--file needs a value'],
  ['up --file.a b', '--file needs a value'],
  ['status --file=', '--file needs a value'],
  ['status --file', '--file needs a value'],
  ['status --file --json', '--file needs a value'],
  ['logs --since', '--since needs a value'],
  ['enable --backend', '--backend needs a value'],
  ['up --dry-run=yes', '--dry-run takes no value: leave out what stands behind ='],
  ['up --install --uninstall', 'Either --install or --uninstall, not both'],
])('wrong usage is one sentence that names the option: %s', async (words, sentence) => {
  const thrown = await asked(words).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(UsageError);
  expect((thrown as UsageError).message).toBe(sentence);
});

it.each([
  ['up', { kind: 'up', file: undefined, dryRun: false, pin: undefined }],
  ['up --file f --no-pin --dry-run', { file: 'f', pin: false, dryRun: true }],
  ['up --file=f --yes=true --yes', { file: 'f', yes: true }],
  ['logs -f --since 10m', { follow: true, since: '10m' }],
  ['enable --backend podman --user u', { backend: 'podman', user: 'u', container: undefined }],
  ['explain', { name: 'hermes' }],
  ['explain --name hermes-acp', { name: 'hermes-acp' }],
])('right usage is understood: %s', async (words, request) => {
  expect(await asked(words)).toMatchObject(request);
});

it('a line that is not finished is completed, whatever is wrong with it so far', async () => {
  const lines: string[] = [];
  using _ = vi.spyOn(console, 'log').mockImplementation((text: string) => void lines.push(text));
  const complete = async (...words: string[]) => {
    lines.length = 0;
    const argv = ['--get-yargs-completions', 'hermes-shim', ...words];
    await buildParser(argv, () => undefined).parseAsync();
    return [...lines];
  };
  expect(await complete('enable', '--backend', '')).toEqual(['docker', 'podman']);
  expect(await complete('explain', '--name', '')).toContain('hermes-acp');
  expect(await complete('status', '--file', 'a', '--file', 'b', '--')).toContain('--json');
});
