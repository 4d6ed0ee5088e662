/** The ways in that are tested, and what is known about each once the engines stand. Plain data: it crosses processes. */

/**
 * docker by its socket · the same daemon by docker's client · podman as root · root's podman through `sudo -n` · an
 * ordinary user's own podman · root's podman by a socket that an ordinary user may use.
 */
export const allModes = [
  'docker',
  'docker-client',
  'podman-root',
  'podman-sudo',
  'podman-rootless',
  'podman-socket',
] as const;
export type EngineMode = (typeof allModes)[number];

export const engineOf = (mode: EngineMode): 'docker' | 'podman' =>
  mode.startsWith('docker') ? 'docker' : 'podman';

/** `dash` has dash as /bin/sh, as the module's image (ubuntu:24.04) has; `busybox` has busybox ash. */
export const shells = ['dash', 'busybox'] as const;

/** `official` is laid out and configured as hermes's official image, see official.ts. */
export const allImages = [...shells, 'official'] as const;
export type ImageName = (typeof allImages)[number];

/** Somebody who can call the shim. `runtimeDir` is their XDG_RUNTIME_DIR. */
export interface Person {
  name: string;
  uid: number;
  gid: number;
  home: string;
  runtimeDir: string;
}

export type Availability = { available: true } | { available: false; why: string };

/** What a test needs to know about the engines. Everything here survives JSON. */
export interface EngineFacts {
  /** Names this run; every container carries the label `hermes-shim-bed=<run>`. */
  run: string;
  /** The run's own directory, 0755, removed at the end. */
  dir: string;
  modes: Record<EngineMode, Availability>;
  /** Where docker listens, or null for whatever the environment says. */
  dockerHost: string | null;
  /** The version of docker's API that its daemon speaks: whoever names it is not spoken to by that API. */
  dockerApiVersion: string | null;
  /** Where podman's service listens, as CONTAINER_HOST has it. */
  podmanHost: string | null;
  /** True when the bed runs as root and made users of its own. */
  asRoot: boolean;
  /** An ordinary user without any sudo rule; owns the rootless podman and may use the sockets of docker and of root's podman. */
  callerUser: Person;
  /** An ordinary user whose only sudo rule is podman without a password. */
  sudoUser: Person;
  images: Record<ImageName, string>;
}

export const labelOf = (run: string): string => `hermes-shim-bed=${run}`;
