/** What is measured side by side: ways to run hermes in a container, and what each is made of. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../engines/command.ts';
import type { Subject } from './subject.ts';

/** One command line, and what is added to the caller's environment for it. */
export interface Contestant {
  key: string;
  /** As the table says it. */
  label: string;
  argv: readonly string[];
  env?: Record<string, string>;
  /** Called by the owner of the container, not by the shim's caller. */
  byOwner?: true;
}

export interface Executable {
  key: 'single' | 'fast';
  label: string;
  hermes: string;
}

/** Where the programs to be measured are. */
export interface Programs {
  /** The directory of one file each for scripts of ours. */
  dir: string;
  node: string;
  /** `api-exec.cjs`. */
  apiExec: string;
  /** `hermes` as npm installs it. */
  hermes: string;
  /** `hermes` as a single executable with its launcher, of node and of Bun; without those that could not be built. */
  executables: readonly Executable[];
}

export function contestantsFor(subject: Subject, programs: Programs): Contestant[] {
  const { engine, containerName, hermesBin, home, nativeDir, id, mode, socket } = subject;
  const exec = [...engine, 'exec', '-i', '-u', '0'];
  const script = (name: string, text: string) => {
    const file = join(programs.dir, `${mode}-${name}`);
    writeFileSync(file, text);
    chmodSync(file, 0o755);
    return file;
  };
  const words = (list: readonly string[]) => list.map((word) => `'${word}'`).join(' ');
  const bash = findCommand('bash');
  const python = findCommand('python3') ?? findCommand('python3', process.env.PATH);
  // by the socket podman's own client is slower than root's, which is what hermes is measured by
  const own = mode === 'podman-socket' ? ({ byOwner: true } as const) : {};
  const native = { HERMES_DEV: '1', HERMES_NATIVE_DIR: nativeDir };
  return [
    {
      key: 'bare',
      label: `bare \`${engine.join(' ')} exec\`${mode === 'podman-socket' ? ' by root' : ''}`,
      argv: [...exec, id, hermesBin],
      ...own,
    },
    {
      key: 'inspect',
      label: `\`${engine.join(' ')} inspect\` alone`,
      argv: [...engine, 'inspect', '--type', 'container', containerName],
      ...own,
    },
    ...(mode === 'podman-socket'
      ? [{ key: 'remote', label: '`podman exec` by the socket', argv: [...exec, id, hermesBin] }]
      : []),
    ...(socket === undefined
      ? []
      : [
          {
            key: 'api',
            label: 'node, the same by the API and nothing else',
            argv: [
              programs.node,
              programs.apiExec,
              ...[socket.path, socket.version, containerName, '0', hermesBin],
            ],
          },
        ]),
    ...(bash === null
      ? []
      : [
          {
            key: 'bash',
            label: 'a bash function: inspect, then exec',
            argv: [
              bash,
              '--norc',
              script('function.bash', bashFunction(words(engine), containerName, hermesBin)),
            ],
          },
        ]),
    ...(python === null
      ? []
      : [
          {
            key: 'python',
            label: 'a Python script with the upstream logic',
            argv: [python, script('upstream.py', upstream(home, engine[0] === 'sudo'))],
          },
        ]),
    { key: 'routed', label: '**`hermes`, routed**', argv: [programs.hermes] },
    ...programs.executables.map(({ key, label, hermes }) => ({
      key,
      label: `\`hermes\`, routed, ${label}`,
      argv: [hermes],
    })),
    { key: 'node', label: '`node -e 0`', argv: [programs.node, '-e', '0'] },
    { key: 'program', label: 'a native hermes that does nothing', argv: [join(nativeDir, 'hermes')] },
    { key: 'native', label: '**`hermes`, native**', argv: [programs.hermes], env: native },
    ...programs.executables.map(({ key, label, hermes }) => ({
      key: `${key}-native`,
      label: `\`hermes\`, native, ${label}`,
      argv: [hermes],
      env: native,
    })),
  ];
}

const bashFunction = (engine: string, containerName: string, hermesBin: string) => `hermes() {
  ${engine} inspect --type container ${containerName} >/dev/null || return
  ${engine} exec -i -u 0 ${containerName} ${hermesBin} "$@"
}
hermes "$@"
`;

/** What a CLI does that routes itself: reads the metadata, looks for the engine, inspects, becomes the exec. */
const upstream = (home: string, sudo: boolean) => `import os, shutil, subprocess, sys
info = {}
with open("${home}/.container-mode") as file:
    for line in file:
        line = line.strip()
        if line and not line.startswith("#") and "=" in line:
            key, _, value = line.partition("=")
            info[key.strip()] = value.strip()
engine = shutil.which(info["backend"])
prefix = ${sudo ? '[shutil.which("sudo"), "-n"]' : '[]'}
name = info["container_name"]
probe = prefix + [engine, "inspect", "--format", "ok", name]
if subprocess.run(probe, capture_output=True, timeout=15).returncode != 0:
    sys.exit("the container is not there")
command = prefix + [engine, "exec"] + (["-it"] if sys.stdin.isatty() else ["-i"])
command += ["-u", info["exec_user"], name, info["hermes_bin"]] + sys.argv[1:]
os.execvp(command[0], command)
`;
