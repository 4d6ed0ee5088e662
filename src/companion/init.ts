import { accessSync, constants, existsSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { locateEngine } from '../engine/locate.ts';
import { fileOf, whoCalls } from '../managed/apply/context.ts';
import { chooseEngine } from '../managed/engine/choose.ts';
import { askEngine } from '../managed/engine/facts.ts';
import { firstFile } from '../managed/file/first.ts';
import { defaultStateDir, officialImage } from '../managed/file/wanted.ts';
import { exitCodes, Failure } from '../report/failure.ts';
import { quoteWord } from '../report/quote.ts';
import type { Caller } from '../route/caller.ts';
import type { Engine } from '../route/metadata.ts';
import { errorCode } from '../system/error-code.ts';
import { addFile } from '../system/replace-file.ts';
import type { Answer } from './answer.ts';
import { findKeptHome, type KeptHome } from './kept-home.ts';
import { line } from './managed-plan.ts';

/** Writes a first hermes-shim.yaml by looking around. One that is there is never touched. */
export async function init(caller: Caller, options: { file: string | undefined }): Promise<Answer> {
  const file = fileOf(caller, options.file);
  const option = options.file === undefined ? '' : ` --file ${quoteWord(file)}`;
  const who = whoCalls(caller);
  const asRoot = who.uid === 0;
  const engine = await findEngine(caller);
  const hermes = nixHermes(caller);
  // root's own hermes home is no business of a container of the host
  const own: KeptHome = asRoot ? { kind: 'none' } : findKeptHome(join(who.home, '.hermes'), who.uid);
  const text = firstFile({
    asRoot,
    engine,
    package: hermes,
    ownHome: own.kind === 'kept' ? own.home : undefined,
    person: asRoot ? caller.env.SUDO_USER : undefined,
    stateDir: defaultStateDir(who),
    schema: schemaFile(),
  });
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
      throw Object.assign(new Error(file), { code: 'EISDIR' });
    if (lstatSync(file, { throwIfNoEntry: false })) throw Object.assign(new Error(file), { code: 'EEXIST' });
    // whatever the umask: a user's own pin lies there too, and counts only where nobody else can write
    mkdirSync(dirname(file), { recursive: true, mode: asRoot ? 0o755 : 0o700 });
    addFile(file, text, 0o644);
  } catch (error) {
    throw notWritten(file, option, errorCode(error));
  }
  return {
    code: 0,
    json: {
      file,
      engine: engine ?? null,
      package: hermes ?? null,
      note: own.kind === 'not-kept' ? own.says : null,
      written: true,
    },
    text: (look) =>
      [
        line('ok', `wrote ${file}`, look),
        engine
          ? line('ok', `the engine is ${engine}`, look)
          : line(
              'warning',
              'there is neither docker nor podman on this machine yet: install one first',
              look,
            ),
        line('ok', hermes ? `hermes is ${hermes}` : "hermes is the official image's", look),
        own.kind === 'not-kept' ? line('warning', own.says, look) : '',
        own.kind === 'not-kept' && own.fix ? `    to keep it:  ${own.fix}\n` : '',
        `\nLook at it, then:  hermes-shim up${option}\n`,
      ].join(''),
  };
}

/** The first engine that answers this user, else the first that is installed. */
async function findEngine(caller: Caller): Promise<Engine | undefined> {
  const installed = (['docker', 'podman'] as const).filter((one) => locateEngine(one, caller.env));
  for (const engine of installed) {
    try {
      const via = await chooseEngine(engine, undefined, caller.env);
      await askEngine(via, { container: 'hermes-agent', image: officialImage }, caller.env);
      return engine;
    } catch {
      // it does not run, or not for this user
    }
  }
  return installed[0];
}

function notWritten(file: string, option: string, code: string): Failure {
  if (code === 'EEXIST')
    return new Failure(exitCodes.cannotRoute, `${file} is there already, and stays as it is`, [
      { label: 'use it', text: `hermes-shim up${option}` },
      {
        label: 'begin anew',
        text: `mv ${quoteWord(file)} ${quoteWord(`${file}.old`)} && hermes-shim init${option}`,
      },
    ]);
  if (code === 'EISDIR')
    return new Failure(exitCodes.cannotRoute, `${file} is a directory, and stays as it is`, [
      {
        label: 'name a file in it',
        text: `hermes-shim init --file ${quoteWord(join(file, 'hermes-shim.yaml'))}`,
      },
    ]);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Failure(exitCodes.cannotRoute, `no space is left for ${file}; nothing was written`, [
      { label: 'where', text: `df -h ${quoteWord(dirname(file))}` },
    ]);
  return new Failure(exitCodes.cannotRoute, `${file} cannot be written (${code})`, [
    { label: 'look', text: `ls -ld ${quoteWord(dirname(file))}` },
  ]);
}

/** A hermes that Nix built, by a profile that goes along with updates. */
function nixHermes({ env }: Caller): string | undefined {
  const profiles = [env.HOME && join(env.HOME, '.nix-profile'), '/nix/var/nix/profiles/default'];
  return profiles.find((profile) => {
    if (!profile) return false;
    try {
      accessSync(join(profile, 'bin/hermes'), constants.X_OK);
      // this shim under the same name is no hermes
      return !realpathSync(join(profile, 'bin/hermes')).includes('hermes-shim');
    } catch {
      return false;
    }
  });
}

/** The JSON Schema lies beside the program. */
function schemaFile(): string | undefined {
  const program = process.argv[1];
  const file = program && resolve(dirname(program), 'hermes-shim.schema.json');
  return file && existsSync(file) ? file : undefined;
}
