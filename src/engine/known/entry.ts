import { createHash } from 'node:crypto';
import type { HomeVolume } from '../../route/own-pin.ts';
import type { EngineAccess } from '../access.ts';
import type { Bind, Container, Volume } from '../container.ts';
import type { Endpoint } from '../endpoint.ts';

/**
 * A container that a verdict was about: what its engine said of it that never changes for one id, as far as a session's
 * plan and the same-home rule need it. The rule itself is applied anew at each use.
 */
export type Entry = {
  readonly container: Container;
  /** who hermes was to be; an entry for somebody else says nothing */
  readonly execUser: string;
  /** who it is: `execUser`, or the container's own numbers */
  readonly user: string;
};

/** What an entry is found by. A home's device and inode say that it is still the directory that it was. */
export type KnownBy = {
  readonly via: EngineAccess;
  readonly endpoint: Endpoint;
  readonly containerName: string;
  readonly home: { readonly path: string; readonly inode: string } | HomeVolume;
};

/** An entry has at most so many bytes. */
export const largestEntry = 64 * 1024;

/** Variables of the container that somebody reads after the verdict. */
const usedVariables = ['HERMES_HOME', 'MESSAGING_CWD', 'HERMES_UID', 'HERMES_GID'];

/** The key as text. It also stands in the entry, so that nothing depends on the name of the file. */
export function keyOf({ via, endpoint, containerName, home }: KnownBy): string {
  const { engine, binary, access } = via;
  return JSON.stringify([1, engine, binary, access, endpoint, containerName, home]);
}

/** The name of the file for a key. */
export function fileOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** An entry as it is written; `undefined` where it would be too large. */
export function formatEntry(key: string, { container, execUser, user }: Entry): string | undefined {
  const { id, name, env, binds, destinations, volumes, workingDir, state } = container;
  const used = [...env].filter(([variable]) => usedVariables.includes(variable));
  const { startedMs } = state;
  const text = `${JSON.stringify({
    ...{ key, id, name, execUser, user, startedMs, env: used, binds, destinations, volumes, workingDir },
  })}\n`;
  return Buffer.byteLength(text) > largestEntry ? undefined : text;
}

type Json = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isPath = (value: unknown): value is string => isText(value) && value.startsWith('/');
const isListOf = <T>(value: unknown, is: (one: unknown) => one is T): value is readonly T[] =>
  Array.isArray(value) && value.every(is);
const isVariable = (value: unknown): value is readonly [string, string] =>
  isListOf(value, isText) && value.length === 2;
const isBind = (value: unknown): value is Bind =>
  isObject(value) && isPath(value.source) && isPath(value.destination) && typeof value.writable === 'boolean';
const isVolume = (value: unknown): value is Volume =>
  isObject(value) && isText(value.name) && isPath(value.destination) && typeof value.writable === 'boolean';

/**
 * Reads an entry; what is not exactly one is none. Only a full id names a container for good.
 * @param key whose it must be
 */
export function parseEntry(text: string, key: string): Entry | undefined {
  const json = parseJson(text);
  if (!isObject(json) || json.key !== key) return undefined;
  const { id, name, execUser, user, startedMs, env, binds, destinations, volumes, workingDir } = json;
  if (!isText(id) || !/^[0-9a-f]{64}$/.test(id)) return undefined;
  if (!isText(name) || !isText(execUser) || !isText(user) || user.startsWith('-')) return undefined;
  if (startedMs !== undefined && typeof startedMs !== 'number') return undefined;
  if (!isListOf(env, isVariable) || !isListOf(binds, isBind) || !isListOf(destinations, isPath))
    return undefined;
  if (!isListOf(volumes, isVolume) || !isText(workingDir)) return undefined;
  const state = {
    status: 'running',
    word: 'running',
    startedMs,
    finishedMs: undefined,
    exitCode: 0,
  } as const;
  const kept = { id, name, state, env: new Map(env), binds, destinations, volumes, workingDir };
  return {
    container: { ...kept, hostNetwork: false, command: [], labels: new Map() },
    execUser,
    user,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
