import { isAbsolute, join, normalize, resolve } from 'node:path';
import { exitCodes, Failure } from '../../report/failure.ts';
import type { Engine } from '../../route/metadata.ts';
import { type DeclaredFile, defaultFile } from './read.ts';

/** Who runs `hermes-shim up`. */
export type Who = {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
  readonly dataHome: string | undefined;
  readonly configHome?: string | undefined;
};

/** `official`: hermes is in the image, its home at /opt/data. `package`: the guide's layout, a hermes of the host. */
type Kind = 'official' | 'package';

/** Any YAML mapping. */
export type Mapping = { readonly [key: string]: unknown };

/** What the file asks for, with every default in its place and every path absolute. */
export type Wanted = {
  readonly file: string;
  /** is that where the file is found without being named? */
  readonly isUsual: boolean;
  readonly kind: Kind;
  readonly asRoot: boolean;
  readonly stateDir: string;
  /** the hermes home: `.hermes` in the state directory */
  readonly home: string;
  readonly workingDirectory: string;
  readonly user: string;
  /** `undefined`: the user's own */
  readonly group: string | undefined;
  readonly createUser: boolean;
  /** as declared, made absolute; what it leads to is looked up later */
  readonly package: string | undefined;
  /** `mcpServers` included */
  readonly settings: Mapping;
  readonly configFile: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly environmentFiles: readonly string[];
  readonly authFile: string | undefined;
  readonly authFileForceOverwrite: boolean;
  readonly documents: readonly Document[];
  readonly plugins: readonly string[];
  readonly extraArgs: readonly string[];
  readonly restart: 'always' | 'on-failure' | 'no';
  readonly restartSec: number;
  readonly backend: Engine | undefined;
  readonly image: string;
  readonly containerName: string;
  readonly extraVolumes: readonly string[];
  readonly extraOptions: readonly string[];
  readonly hostUsers: readonly string[];
};

/** A file for hermes to find: where, and its text or the file of this host that has it. */
type Document = {
  readonly path: string;
  readonly key: string;
  readonly content: { readonly text: string } | { readonly file: string };
};

export const officialImage = 'docker.io/nousresearch/hermes-agent:latest';
const packageImage = 'docker.io/library/ubuntu:24.04';

/**
 * Fills in what the file leaves out. Pure.
 * @throws {Failure} 125 for what cannot go together
 */
export function toWanted({ file, declared }: DeclaredFile, who: Who): Wanted {
  const asRoot = who.uid === 0;
  const fail = (key: string, says: string, hint: string): never => {
    throw new Failure(exitCodes.cannotRoute, `${file}: ${key} ${says}`, [{ label: 'change it', text: hint }]);
  };
  if (!asRoot) {
    for (const key of ['user', 'group', 'createUser'] as const)
      if (declared[key] !== undefined && declared[key] !== who.name)
        fail(
          key,
          'can only be chosen by root; here everything belongs to you',
          `leave ${key} out, or: sudo hermes-shim up --file /etc/hermes-shim/hermes-shim.yaml`,
        );
    const others = (declared.container?.hostUsers ?? []).filter((name) => name !== who.name);
    if (others.length > 0)
      fail(
        'container.hostUsers',
        `names ${others.join(', ')}, whose homes only root can write`,
        'sudo hermes-shim up --file /etc/hermes-shim/hermes-shim.yaml',
      );
  }
  const at = (path: string): string => absolutePath(path, file, who);
  const stateDir = at(declared.stateDir ?? defaultStateDir(who));
  const kind: Kind = declared.package === undefined ? 'official' : 'package';
  if (stateDir === '/')
    fail('stateDir', 'is the root directory', 'name a directory of its own, such as /var/lib/hermes');
  if (kind === 'package' && stateDir === normalize(who.home))
    fail(
      'stateDir',
      'is your home directory, all of which the container could then write',
      'name a directory of its own',
    );
  const home = join(stateDir, '.hermes');
  const workingDirectory = at(
    declared.workingDirectory ?? join(kind === 'package' ? stateDir : home, 'workspace'),
  );
  const mcp = declared.mcpServers ?? {};
  if (declared.configFile !== undefined && (declared.settings || declared.mcpServers))
    fail(
      'configFile',
      'is copied as it is, so settings and mcpServers beside it would do nothing',
      'leave one of them out',
    );
  const servers = Object.fromEntries(
    Object.entries(mcp).map(([name, { enabled = true, ...rest }]) => {
      if ((rest.command === undefined) === (rest.url === undefined))
        fail(`mcpServers.${name}`, 'needs either command or url', `command: npx   # or   url: https://…`);
      return [name, { ...rest, enabled }];
    }),
  );
  const settings: Mapping = {
    ...declared.settings,
    ...(Object.keys(servers).length > 0
      ? { mcp_servers: { ...(declared.settings?.mcp_servers as Mapping | undefined), ...servers } }
      : {}),
  };
  const { container = {} } = declared;
  return {
    file,
    isUsual: file === defaultFile(who),
    kind,
    asRoot,
    stateDir,
    home,
    workingDirectory,
    user: asRoot ? (declared.user ?? 'hermes') : who.name,
    group: asRoot ? (declared.group ?? (declared.user ? undefined : 'hermes')) : undefined,
    createUser: asRoot && (declared.createUser ?? true),
    package: declared.package === undefined ? undefined : at(declared.package),
    settings,
    configFile: declared.configFile && at(declared.configFile),
    environment: declared.environment ?? {},
    environmentFiles: (declared.environmentFiles ?? []).map(at),
    authFile: declared.authFile && at(declared.authFile),
    authFileForceOverwrite: declared.authFileForceOverwrite ?? false,
    documents: Object.entries(declared.documents ?? {}).map(([key, value]) => ({
      key,
      path: documentPath(key, { stateDir, workingDirectory, file }),
      content: isPath(value) ? { file: at(value) } : { text: value },
    })),
    plugins: (declared.extraPlugins ?? []).map(at),
    extraArgs: declared.extraArgs ?? [],
    restart: declared.restart ?? 'always',
    restartSec: declared.restartSec ?? 5,
    backend: container.backend,
    image: container.image ?? (kind === 'official' ? officialImage : packageImage),
    containerName: container.name ?? 'hermes-agent',
    extraVolumes: (container.extraVolumes ?? []).map((volume) => volume.replace(/^~(?=\/)/, who.home)),
    extraOptions: container.extraOptions ?? [],
    hostUsers: container.hostUsers ?? (asRoot ? [] : [who.name]),
  };
}

/** Where everything is kept that the file does not name a place for: `XDG_DATA_HOME` counts. */
export function defaultStateDir(who: Pick<Who, 'uid' | 'home' | 'dataHome'>): string {
  if (who.uid === 0) return '/var/lib/hermes';
  return join(who.dataHome?.startsWith('/') ? who.dataHome : join(who.home, '.local/share'), 'hermes');
}

/** Paths of the file count from where the file is. */
function absolutePath(path: string, file: string, who: Who): string {
  const full = path.startsWith('~/') ? join(who.home, path.slice(2)) : resolve(join(file, '..'), path);
  return full.length > 1 ? full.replace(/\/+$/, '') : full;
}

/** A document is a path when it looks like one; everything else is its text. */
function isPath(value: string): boolean {
  return !value.includes('\n') && /^(\.\.?\/|~\/|\/)/.test(value);
}

/** A bare name goes into the working directory, as ever; one with a directory counts from the state directory. */
function documentPath(
  key: string,
  { stateDir, workingDirectory, file }: { stateDir: string; workingDirectory: string; file: string },
): string {
  const path = normalize(key);
  const outside = isAbsolute(path) || path.split('/').includes('..') || path.endsWith('/') || path === '.';
  if (outside)
    throw new Failure(
      exitCodes.cannotRoute,
      `${file}: documents: '${key}' leads out of the state directory`,
      [{ label: 'for example', text: 'USER.md   # or .hermes/SOUL.md' }],
    );
  return join(path.includes('/') ? stateDir : workingDirectory, path);
}
