import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { hintWord } from '../../report/paste.ts';
import { errorCode } from '../../system/error-code.ts';
import type { Wanted } from '../file/wanted.ts';
import { type Package, pluginName, toPackage } from '../plan/layout.ts';
import { headOfProgram, readSourceFile, type SourceFile } from './source-file.ts';

/** What the file names on this host, read. */
export type Sources = {
  readonly package: Package | undefined;
  readonly config: Buffer | undefined;
  readonly envFiles: readonly Buffer[];
  readonly auth: Buffer | undefined;
  readonly documents: ReadonlyArray<{ readonly path: string; readonly content: Buffer }>;
  readonly plugins: ReadonlyArray<{ readonly name: string; readonly path: string }>;
};

/**
 * Reads what the file names, and checks that it is what it should be.
 * @param owner the uid that hermes gets, where it is known
 * @throws {Failure} 125 naming key and path
 */
export function readSources(wanted: Wanted, owner: number | undefined): Sources {
  const read = (key: string, path: string): Read => readSource(key, path, { asRoot: wanted.asRoot, owner });
  const { configFile, authFile } = wanted;
  const plugins = wanted.plugins.map((path) => checkPlugin(path));
  const twice = plugins.find(({ name }, at) => plugins.findIndex((one) => one.name === name) !== at);
  if (twice)
    throw wrong(
      'extraPlugins',
      twice.path,
      'has the same name as another plugin',
      'rename',
      `mv ${hintWord(twice.path)} …`,
    );
  return {
    package: wanted.package === undefined ? undefined : checkPackage(wanted.package),
    config: configFile === undefined ? undefined : read('configFile', configFile).content,
    envFiles: wanted.environmentFiles.map((path) => readSecrets(path, read('environmentFiles', path))),
    auth: authFile === undefined ? undefined : readAuth(authFile, read('authFile', authFile).content),
    documents: wanted.documents.map(({ path, key, content }) => ({
      path,
      content: 'text' in content ? Buffer.from(content.text) : read(`documents.${key}`, content.file).content,
    })),
    plugins,
  };
}

function wrong(key: string, path: string, says: string, label: string, text: string): Failure {
  return new Failure(exitCodes.cannotRoute, `${key}: ${escapeControls(path, 300)} ${says}`, [
    { label, text },
  ]);
}

type Read = Extract<SourceFile, { kind: 'read' }>;

function readSource(key: string, path: string, reader: { asRoot: boolean; owner: number | undefined }): Read {
  const look = `ls -l ${hintWord(path)}`;
  let found: SourceFile;
  try {
    found = readSourceFile(path, reader);
  } catch (error) {
    const code = errorCode(error);
    throw wrong(key, path, code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`, 'look', look);
  }
  if (found.kind === 'read') return found;
  if (found.kind === 'unfit') throw wrong(key, path, found.says, 'look', look);
  const copy = `/etc/hermes-shim/${basename(path)}`;
  throw new Failure(
    exitCodes.cannotRoute,
    `${key}: ${escapeControls(path, 300)} can be exchanged by others than root (at ${escapeControls(found.by, 300)}), who could have any file of this host read`,
    [
      { label: 'look', text: `namei -l ${hintWord(path)}` },
      {
        label: 'if it is right, keep it as root',
        text: `sudo install -D -m 600 ${hintWord(path)} ${hintWord(copy)}   # and name that one in hermes-shim.yaml`,
      },
    ],
  );
}

/** Secrets that everybody can read are none. The Nix store is meant to be read; there the guide's own warning holds. */
function readSecrets(path: string, { content, mode }: Read): Buffer {
  if ((mode & 0o004) !== 0)
    throw wrong(
      'environmentFiles',
      path,
      'can be read by everybody on this host',
      'close it',
      `chmod o-rwx ${hintWord(path)}`,
    );
  if (content.includes(0))
    throw wrong('environmentFiles', path, 'is no text', 'look', `file ${hintWord(path)}`);
  return content;
}

function readAuth(path: string, content: Buffer): Buffer {
  try {
    JSON.parse(content.toString('utf8'));
  } catch {
    throw wrong('authFile', path, 'is no JSON', 'look', `file ${hintWord(path)}`);
  }
  return content;
}

function real(key: string, path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw wrong(key, path, `is not there (${errorCode(error)})`, 'look', `ls -ld ${hintWord(path)}`);
  }
}

function checkPackage(path: string): Package {
  const found = toPackage(path, real('package', path));
  const bin = join(found.path, 'bin/hermes');
  try {
    accessSync(bin, constants.X_OK);
  } catch {
    throw wrong('package', path, 'has no bin/hermes that can be executed', 'look', `ls -l ${hintWord(bin)}`);
  }
  const program = real('package', bin);
  const inside = program.startsWith(`${found.mount}/`);
  const [interpreter] = /^#! *(\S+)/.exec(headOfProgram(program))?.slice(1) ?? [];
  const brought =
    !interpreter || interpreter.startsWith(`${found.mount}/`) || /^(\/usr)?\/bin\/(ba)?sh$/.test(interpreter);
  if (!inside || !brought)
    throw wrong(
      'package',
      path,
      inside
        ? `is run by ${interpreter}, which the container does not have`
        : `has its hermes elsewhere (${program}), where the container does not see it`,
      'name one that brings its interpreter',
      'nix build github:NousResearch/hermes-agent   # then package: ./result',
    );
  return found;
}

function checkPlugin(path: string): { name: string; path: string } {
  const there = real('extraPlugins', path);
  try {
    statSync(join(there, 'plugin.yaml'));
  } catch {
    throw wrong('extraPlugins', path, 'has no plugin.yaml', 'look', `ls ${hintWord(path)}`);
  }
  return { name: pluginName(path), path: there };
}
