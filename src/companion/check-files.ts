import { posix } from 'node:path';
import { commandPrefix } from '../engine/access.ts';
import type { Reached } from '../engine/reach.ts';
import { escapeControls } from '../report/escape.ts';
import { quoteWord } from '../report/quote.ts';
import type { Caller } from '../route/caller.ts';
import { type Check, skip, warn, well } from './check.ts';
import listUnusable from './list-unusable.sh';
import { runScriptProbe } from './run-probe.ts';

/** More than so many files are not looked at. */
const most = '5000';

/** So many are named. */
const named = 5;

/** Files in the home that hermes cannot use: mostly root's, by an exec that forgot to say who. */
export async function checkFiles(
  { via, container, user, containerHome }: Reached,
  caller: Caller,
): Promise<Check> {
  if (containerHome === undefined) return skip('files', 'the home in there is not known');
  const asked = {
    ...{ containerId: container.id, user, name: 'hermes-doctor' },
    ...{ script: listUnusable, args: [containerHome, most] },
  };
  const { ok, stdout, words } = await runScriptProbe(via, asked, caller.env);
  const [owner = '', ...files] = stdout.split('\n').filter(Boolean);
  if (!ok || !/^\d+:\d+$/.test(owner)) return skip('files', `the container could not be asked (${words})`);
  return judgeFiles(files, {
    owner,
    user,
    home: containerHome,
    command: commandPrefix(via),
    name: container.name,
  });
}

/** @param files paths in the container, of its making: hostile until quoted */
export function judgeFiles(
  files: readonly string[],
  about: { owner: string; user: string; home: string; command: string; name: string },
): Check {
  const { owner, user, home, command, name } = about;
  if (files.length === 0) return well('files', `${user} can read and write what lies in ${home}`);
  const shown = files.slice(0, named).map((file) => posix.relative(home, file) || '.');
  const rest = files.length > named ? ` and ${files.length - named} more` : '';
  const [uid = ''] = owner.split(':');
  const chown =
    files.length > named
      ? `find ${quoteWord(home)} -xdev ! -user ${uid} -exec chown -h ${owner} {} +`
      : `chown -h ${owner} ${files.map((file) => quoteWord(escapeControls(file))).join(' ')}`;
  return warn('files', `${user} cannot read or write ${shown.join(', ')}${rest} in the home`, [
    { label: 'mend it', text: `${command} exec -u 0 ${name} ${chown}` },
  ]);
}
