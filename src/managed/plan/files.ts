import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure } from '../../report/failure.ts';
import { quoteWord } from '../../report/quote.ts';
import { metadataName } from '../../route/read.ts';
import { lineOfOtherBytes } from '../../system/utf8.ts';
import type { Found } from '../apply/survey.ts';
import type { Wanted } from '../file/wanted.ts';
import { type Leaves, leavesOf, mergeConfig } from '../merge/config.ts';
import { mergeEnv } from '../merge/env-file.ts';
import { planDirectories } from './directories.ts';
import type { Facts } from './facts.ts';
import { managedBy } from './layout.ts';
import type { Step } from './steps.ts';

/** Every path that a plan may touch, so that all can be looked at before it is made. Pure. */
export function pathsOf(wanted: Wanted, directories: readonly string[]): readonly string[] {
  const { stateDir, home } = wanted;
  const inHome = ['config.yaml', '.env', 'auth.json', '.managed', metadataName].map(
    (name) => `${home}/${name}`,
  );
  const inState = ['current-package', 'current-entrypoint', '.gc-root', '.container-identity'].map(
    (name) => `${stateDir}/${name}`,
  );
  return [...directories, ...inHome, ...inState, ...wanted.documents.map(({ path }) => path)];
}

/** Is the configuration declared, so that hermes must not write it itself? */
function declaresConfig(wanted: Wanted): boolean {
  return wanted.configFile !== undefined || Object.keys(wanted.settings).length > 0;
}

/** The leaves that are declared for config.yaml. */
export function declaredLeaves(wanted: Wanted): Leaves {
  return wanted.configFile === undefined ? leavesOf(wanted.settings) : {};
}

const at = (facts: Facts, path: string): Found => facts.found.get(path) ?? { kind: 'nothing' };
const bytesOf = (found: Found): Buffer | undefined => (found.kind === 'file' ? found.content : undefined);

/** Everything below the state directory, before the container. Pure. */
export function planFiles(wanted: Wanted, facts: Facts): readonly Step[] {
  const owner = facts.owner ?? { uid: -1, gid: -1 };
  const { home } = wanted;
  const file = (path: string, content: Buffer | string, mode: number, secret = false): Step[] => {
    const now = at(facts, path);
    const wantedBytes = typeof content === 'string' ? Buffer.from(content) : content;
    const before = bytesOf(now);
    const closed = now.kind === 'file' && (now.mode & 0o007 & ~mode) === 0 && now.uid === owner.uid;
    if (before?.equals(wantedBytes) && closed) return [];
    const link = now.kind === 'link' ? { link: now.target } : {};
    return [
      { kind: 'file', path, content: wantedBytes, before, secret, ownership: { ...owner, mode }, ...link },
    ];
  };
  const env = mergeEnv(bytesOf(at(facts, `${home}/.env`)), wanted.environment, facts.sources.envFiles);
  const { auth } = facts.sources;
  const seed =
    auth !== undefined && (wanted.authFileForceOverwrite || at(facts, `${home}/auth.json`).kind !== 'file');
  return [
    ...planDirectories(wanted, facts),
    ...planConfig(wanted, facts, file),
    ...(env === undefined ? [] : file(`${home}/.env`, env, 0o640, true)),
    ...facts.sources.documents.flatMap(({ path, content }) => file(path, content, 0o640)),
    ...planPlugins(wanted, facts),
    ...(seed && auth ? file(`${home}/auth.json`, auth, 0o600, true) : []),
    ...planMarker(wanted, facts, file),
    ...planPackage(wanted, facts, file),
  ];
}

type Write = (path: string, content: Buffer | string, mode: number, secret?: boolean) => Step[];

function planConfig(wanted: Wanted, facts: Facts, file: Write): readonly Step[] {
  const path = `${wanted.home}/config.yaml`;
  const mode = wanted.asRoot ? 0o660 : 0o600;
  const { config } = facts.sources;
  if (config !== undefined) return file(path, config, mode);
  const current = bytesOf(at(facts, path));
  const merged = mergeConfig(current?.toString('utf8'), wanted.settings, facts.record.leaves);
  if (merged.kind === 'unreadable')
    throw notMergeable(path, merged.line, `is no valid YAML (${escapeControls(merged.why, 200)})`);
  if (!merged.changed) return [];
  const line = current && lineOfOtherBytes(current);
  if (line !== undefined) throw notMergeable(path, line, 'has bytes that are not UTF-8');
  return file(path, merged.text, mode);
}

function notMergeable(path: string, line: number, says: string): Failure {
  return new Failure(
    exitCodes.cannotRoute,
    `${path}, line ${line}, ${says}, so nothing can be merged into it`,
    [
      { label: 'edit it', text: `\${EDITOR:-vi} +${line} ${quoteWord(path)}` },
      { label: 'or begin anew', text: `mv ${quoteWord(path)} ${quoteWord(`${path}.old`)}` },
    ],
  );
}

/** Only links that we made are taken back: what else is called so may be somebody's, or the container's choice. */
function planPlugins(wanted: Wanted, facts: Facts): readonly Step[] {
  const directory = `${wanted.home}/plugins`;
  const names = facts.sources.plugins.map(({ name }) => name);
  const stale = facts.record.plugins.filter(
    (name) => !names.includes(name) && at(facts, `${directory}/${name}`).kind === 'link',
  );
  return [
    ...stale.map((name): Step => ({ kind: 'remove', path: `${directory}/${name}` })),
    ...facts.sources.plugins.flatMap(({ name, path: target }): Step[] => {
      const now = at(facts, `${directory}/${name}`);
      if (now.kind === 'link' && now.target === target) return [];
      return [{ kind: 'link', path: `${directory}/${name}`, target }];
    }),
  ];
}

/** The marker stands where the configuration is declared: then hermes must not change what would be changed back. */
function planMarker(wanted: Wanted, facts: Facts, file: Write): readonly Step[] {
  const path = `${wanted.home}/.managed`;
  if (declaresConfig(wanted) || wanted.kind === 'package') return file(path, managedBy, 0o644);
  const now = bytesOf(at(facts, path));
  return now?.toString('utf8') === managedBy ? [{ kind: 'remove', path }] : [];
}

function planPackage(wanted: Wanted, facts: Facts, file: Write): readonly Step[] {
  const hermes = facts.sources.package;
  if (hermes === undefined) return [];
  const link = (name: string, target: string): Step[] => {
    const path = `${wanted.stateDir}/${name}`;
    const now = at(facts, path);
    return now.kind === 'link' && now.target === target ? [] : [{ kind: 'link', path, target }];
  };
  const root = at(facts, `${wanted.stateDir}/.gc-root`);
  const kept = root.kind === 'link' && root.target === hermes.path;
  return [
    ...link('current-package', hermes.path),
    ...file(`${wanted.stateDir}/current-entrypoint`, facts.entrypoint, 0o755),
    ...(hermes.inStore && facts.storeTool && !kept
      ? [
          {
            kind: 'gc-root',
            path: `${wanted.stateDir}/.gc-root`,
            target: hermes.path,
            tool: facts.storeTool,
          } as const,
        ]
      : []),
  ];
}
