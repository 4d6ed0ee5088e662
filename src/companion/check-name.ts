import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import which from 'which';
import type { Hint } from '../report/failure.ts';
import { quoteWord } from '../report/quote.ts';
import type { Caller } from '../route/caller.ts';
import type { Name } from '../route/name.ts';
import { realPath } from '../system/real-path.ts';
import { type Check, fail, warn, well } from './check.ts';

/** Which program a name on PATH is: this shim, another copy of it, or something else. */
type Winner = { readonly path: string; readonly kind: 'us' | 'copy' | 'other' };

/** Which `hermes` wins on PATH, and whether it is us. Aliases and functions of a shell cannot be seen from here. */
export async function checkName(caller: Caller, onNixos = existsSync('/etc/NIXOS')): Promise<Check> {
  const all = await winners('hermes', caller);
  const [first, ...shadowed] = all;
  const ours = all.find(({ kind }) => kind === 'us');
  const directory = ours ? dirname(ours.path) : caller.launcher && dirname(realPath(caller.launcher));
  const fixes: readonly Hint[] = [
    ...(directory
      ? [
          {
            label: 'put it first',
            text: `export PATH=${quoteWord(directory)}:"$PATH"   # for good: in ~/.profile`,
          },
        ]
      : []),
    ...(onNixos ? [{ label: 'on NixOS', text: 'programs.hermes-shim.enable = true;' }] : []),
  ];
  if (first === undefined) return fail('path', 'there is no hermes on PATH', fixes);
  if (first.kind === 'other') return fail('path', `hermes is ${first.path}, which is not this shim`, fixes);
  const rest = shadowed.filter(({ kind }) => kind === 'other').map(({ path }) => path);
  const says = `hermes is ${first.path}${rest.length > 0 ? `, before ${rest.join(', ')}` : ''}`;
  if (first.kind === 'copy')
    return warn('path', `${says}: another copy of this shim than the one that speaks`, fixes);
  const strangers = await otherNames(caller);
  return strangers.length > 0
    ? warn('path', `${says}; but ${strangers.join(' and ')} not this shim`, fixes)
    : well('path', says);
}

async function otherNames(caller: Caller): Promise<readonly string[]> {
  const names: readonly Name[] = ['hermes-agent', 'hermes-acp'];
  const firsts = await Promise.all(
    names.map(async (name) => [name, (await winners(name, caller))[0]] as const),
  );
  return firsts.flatMap(([name, first]) => (first?.kind === 'other' ? [`${name} (${first.path}) is`] : []));
}

async function winners(name: Name, caller: Caller): Promise<readonly Winner[]> {
  const paths = (await which(name, { all: true, nothrow: true, path: caller.env.PATH ?? '' })) ?? [];
  const self = caller.launcher && realPath(caller.launcher);
  return [...new Set(paths)].map((path) => {
    const real = realPath(path);
    if (real === self) return { path, kind: 'us' };
    return { path, kind: existsSync(join(dirname(real), '../dist/hermes-shim.cjs')) ? 'copy' : 'other' };
  });
}
