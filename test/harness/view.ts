/**
 * A caller's own view of the machine: files of /etc, /run … that only they see, in a mount namespace of their own. So a
 * test can write a pin or take sudo away while everybody else goes on undisturbed. Root only.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Caller, type CallOptions, call, type Running } from './call.ts';
import { engines } from './modes.ts';

interface ViewedFile {
  text: string;
  /** Default: 0644, root's. */
  mode?: number;
  uid?: number;
  /** Of the directory that holds it. Default: 0755. */
  directoryMode?: number;
}

export interface View {
  /** Absolute paths, none of them at the root of the file system, and what is there. */
  files?: Record<string, ViewedFile | string>;
  /** Files that cannot be executed any more. */
  hidden?: readonly string[];
  /** sh code that runs last, still as root: `chmod u-s /usr/bin/sudo` is the whole machine's, `mount` is not. */
  last?: string;
}

/** `$1` the files, `$2` the stage, `$3` what is hidden, `$4` code, then the command. */
const script = `set -e
mount -t tmpfs -o mode=0755 hermes-shim-bed "$2"
cp -a "$1" "$2/upper"
mkdir "$2/spare"
for top in "$2"/upper/*; do
  [ -d "$top" ] || continue
  mkdir "$2/spare/\${top##*/}"
  mount -t overlay overlay -o "lowerdir=/\${top##*/},upperdir=$top,workdir=$2/spare/\${top##*/}" "/\${top##*/}"
done
for file in $3; do [ ! -e "$file" ] || mount --bind /dev/null "$file"; done
eval "$4"
shift 4
exec "$@"`;

/** Starts `argv` as the caller, who sees `view`. Options as for call. */
export function callWithView(
  caller: Caller,
  view: View,
  argv: readonly string[],
  options: CallOptions = {},
): Running {
  return call({ ...caller, uid: 0, gid: 0 }, viewedCommand(caller, view, argv), options);
}

/** What root runs so that `argv` runs as the caller, who sees `view`; one process becomes the other. */
export function viewedCommand(
  caller: Caller,
  { files = {}, hidden = [], last = '' }: View,
  argv: readonly string[],
): readonly string[] {
  const dir = mkdtempSync(join(engines.dir, 'view-'));
  const [upper, stage] = [join(dir, 'files'), join(dir, 'stage')];
  for (const path of [upper, stage]) mkdirSync(path);
  for (const [path, given] of Object.entries(files)) {
    const file: ViewedFile = typeof given === 'string' ? { text: given } : given;
    const target = join(upper, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, file.text);
    chmodSync(target, file.mode ?? 0o644);
    chownSync(target, file.uid ?? 0, 0);
    if (file.directoryMode !== undefined) chmodSync(dirname(target), file.directoryMode);
  }
  const { uid, gid } = caller;
  const drop = uid === 0 ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
  const words = [upper, stage, hidden.join(' '), last, ...drop, ...argv];
  return ['unshare', '--mount', '--propagation', 'private', '/bin/sh', '-c', script, 'sh', ...words];
}
