/**
 * Checks every program of sh in the checkout by shellcheck. Root on Debian gets it installed; elsewhere the check is left
 * out, with a sentence, but in CI.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attempt, findCommand, must } from './engines/command.ts';
import { installPackages, isDebian } from './engines/packages.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));

/** The checkout's programs of sh, new ones too: by their name or by their first line. Links are listed as files are. */
async function shellPrograms(): Promise<string[]> {
  const listed = await must(['git', 'ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: checkout,
  });
  const isShell = (file: string): boolean =>
    file.endsWith('.sh') ||
    (file.startsWith('bin/') && readFileSync(join(checkout, file), 'utf8').startsWith('#!/bin/sh'));
  return listed.split('\n').filter((file) => file !== '' && isShell(file));
}

/** Checks them all as POSIX sh. What it finds is printed. */
async function main(): Promise<number> {
  const files = await shellPrograms();
  const odd = files.filter((file) => !readFileSync(join(checkout, file), 'utf8').startsWith('#!/bin/sh\n'));
  if (odd.length > 0) {
    console.error(`not begun by #!/bin/sh: ${odd.join(' ')}`);
    return 1;
  }
  if (findCommand('shellcheck') === null && process.getuid?.() === 0 && isDebian())
    await installPackages(console.error, ['shellcheck']);
  if (findCommand('shellcheck') === null) {
    console.error(`${files.length} programs of sh are not checked: install shellcheck`);
    return process.env.CI ? 1 : 0;
  }
  // a part is read where it is included: `. ./part.sh`
  const options = ['--shell=sh', '--external-sources', '--source-path=SCRIPTDIR'];
  const { code, stdout, stderr } = await attempt(['shellcheck', ...options, ...files], { cwd: checkout });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  return code;
}

process.exitCode = await main();
