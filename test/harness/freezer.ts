/** A docker daemon that can be frozen for one caller: a socket in front of the real one, which stops passing bytes on. */
import { chmodSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ManagedContainer } from './container.ts';
import { engines } from './modes.ts';

export interface Freezer extends AsyncDisposable {
  /** For the caller. */
  env: { DOCKER_HOST: string };
  /** From now on nothing that is said is heard, as by a daemon that got SIGSTOP: it is read and answered after `thaw`. */
  freeze(): void;
  thaw(): void;
}

export async function openFreezer(container: ManagedContainer): Promise<Freezer> {
  const real = (engines.dockerHost ?? 'unix:///var/run/docker.sock').replace('unix://', '');
  const path = join(container.root, 'frozen.sock');
  const sockets = new Set<Socket>();
  let frozen = false;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
    const far = connect({ path: real, allowHalfOpen: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => to.write(chunk) || from.pause());
      to.on('drain', () => frozen || from.resume());
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
      if (frozen) from.pause();
      else from.resume();
    }
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o666);
  return {
    env: { DOCKER_HOST: `unix://${path}` },
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      frozen = false;
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
