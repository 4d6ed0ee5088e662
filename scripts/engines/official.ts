/** A stand-in for the official image: its first process, its user, its places and its configuration; the probe is hermes. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The uid of user hermes in the official image, unless HERMES_UID says otherwise. */
export const officialUid = 10_000;

/** What the official image's configuration says, as `--change` of an import takes it (docker-import(1), podman-import(1)). */
export const officialChanges: readonly string[] = [
  'ENV PATH=/opt/hermes/bin:/opt/hermes/.venv/bin:/opt/data/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'ENV HERMES_HOME=/opt/data',
  'ENV HERMES_WRITE_SAFE_ROOT=/opt/data',
  'ENV HERMES_DISABLE_LAZY_INSTALLS=1',
  'ENV PYTHONUNBUFFERED=1',
  'WORKDIR /opt/hermes',
  'VOLUME /opt/data',
  'ENTRYPOINT ["/init"]',
];

const source = (name: string): string => readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');

/** Today's hermes has no word `version`, only `--version`. */
const refusal = `
case \${1-} in version)
  echo "hermes: error: argument command: invalid choice: 'version'" >&2
  exit 2 ;;
esac
`;

/** Lays what the official image has into a root file system. */
export function layOfficial(root: string): void {
  const probe = source('../../test/harness/probe.sh').replace('\n', `\n${refusal}`);
  const files: Record<string, string> = {
    init: source('official/init.sh'),
    'command/s6-setuidgid': source('official/s6-setuidgid.sh'),
    'opt/hermes/docker/setup': source('official/setup.sh'),
    'opt/hermes/bin/hermes': source('official/hermes.sh'),
    'opt/hermes/.venv/bin/hermes': probe,
    'opt/hermes/.venv/bin/hermes-agent': probe,
    'opt/hermes/.venv/bin/hermes-acp': probe,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
    chmodSync(join(root, name), 0o755);
  }
  const user = `hermes:x:${officialUid}`;
  writeFileSync(join(root, 'etc/passwd'), `${user}:${officialUid}::/opt/data:/bin/sh\n`, { flag: 'a' });
  writeFileSync(join(root, 'etc/group'), `${user}:\n`, { flag: 'a' });
}
