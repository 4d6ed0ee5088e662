import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { quoteWord } from '../../report/quote.ts';
import { errorCode } from '../../system/error-code.ts';
import type { Wanted } from '../file/wanted.ts';
import { type Package, pluginName, toPackage } from '../plan/layout.ts';

/** What the file names on this host, read. */
export type Sources = {
  readonly package: Package | undefined;
  readonly config: Buffer | undefined;
  readonly envFiles: readonly string[];
  readonly auth: Buffer | undefined;
  readonly documents: ReadonlyArray<{ readonly path: string; readonly content: Buffer }>;
  readonly plugins: ReadonlyArray<{ readonly name: string; readonly path: string }>;
};

/**
 * Reads what the file names, and checks that it is what it should be.
 * @throws {Failure} 125 naming key and path
 */
export function readSources(wanted: Wanted): Sources {
  const { configFile, authFile } = wanted;
  const plugins = wanted.plugins.map((path) => checkPlugin(path));
  const twice = plugins.find(({ name }, at) => plugins.findIndex((one) => one.name === name) !== at);
  if (twice)
    throw wrong(
      'extraPlugins',
      twice.path,
      'has the same name as another plugin',
      'rename',
      `mv ${quoteWord(twice.path)} …`,
    );
  return {
    package: wanted.package === undefined ? undefined : checkPackage(wanted.package),
    config: configFile === undefined ? undefined : read('configFile', configFile),
    envFiles: wanted.environmentFiles.map((path) => readSecrets(path)),
    auth: authFile === undefined ? undefined : readAuth(authFile),
    documents: wanted.documents.map(({ path, key, content }) => ({
      path,
      content: 'text' in content ? Buffer.from(content.text) : read(`documents.${key}`, content.file),
    })),
    plugins,
  };
}

function wrong(key: string, path: string, says: string, label: string, text: string): Failure {
  return new Failure(exitCodes.cannotRoute, `${key}: ${escapeControls(path, 300)} ${says}`, [
    { label, text },
  ]);
}

function read(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = errorCode(error);
    const says = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
    throw wrong(key, path, says, 'look', `ls -l ${quoteWord(path)}`);
  }
}

/** Secrets that everybody can read are none. The Nix store is meant to be read; there the guide's own warning holds. */
function readSecrets(path: string): string {
  const text = read('environmentFiles', path).toString('utf8');
  if ((statSync(path).mode & 0o004) !== 0)
    throw wrong(
      'environmentFiles',
      path,
      'can be read by everybody on this host',
      'close it',
      `chmod o-rwx ${quoteWord(path)}`,
    );
  if (text.includes('\0'))
    throw wrong('environmentFiles', path, 'is no text', 'look', `file ${quoteWord(path)}`);
  return text;
}

function readAuth(path: string): Buffer {
  const content = read('authFile', path);
  try {
    JSON.parse(content.toString('utf8'));
  } catch {
    throw wrong('authFile', path, 'is no JSON', 'look', `file ${quoteWord(path)}`);
  }
  return content;
}

function real(key: string, path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw wrong(key, path, `is not there (${errorCode(error)})`, 'look', `ls -ld ${quoteWord(path)}`);
  }
}

function checkPackage(path: string): Package {
  const found = toPackage(path, real('package', path));
  const bin = join(found.path, 'bin/hermes');
  try {
    accessSync(bin, constants.X_OK);
  } catch {
    throw wrong('package', path, 'has no bin/hermes that can be executed', 'look', `ls -l ${quoteWord(bin)}`);
  }
  const program = real('package', bin);
  const inside = program.startsWith(`${found.mount}/`);
  const [interpreter] =
    /^#! *(\S+)/.exec(readFileSync(program, { encoding: 'latin1' }).slice(0, 256))?.slice(1) ?? [];
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
    throw wrong('extraPlugins', path, 'has no plugin.yaml', 'look', `ls ${quoteWord(path)}`);
  }
  return { name: pluginName(path), path: there };
}
