/**
 * A socket in front of an engine's own, for one caller: it notes what is asked of the engine, and at a chosen point holds
 * on, breaks the connection or answers in the engine's place. Bytes pass unchanged, and half a close as half a close.
 */
import { chmodSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { engineVariables } from '../../scripts/engines/owner.ts';
import { until } from './host.ts';
import type { ManagedContainer } from './managed-container.ts';
import { engines } from './modes.ts';
import { type Asked, carry, closedGate, type Point, type Rule } from './proxy-connection.ts';

export type { Asked } from './proxy-connection.ts';

interface Halt {
  /** Waits until a request has come to the point. */
  reached(): Promise<void>;
  /** Who is held there goes on, and nobody is held any more. */
  open(): void;
  /** As at the beginning. */
  reset(): void;
}

export interface EngineProxy extends AsyncDisposable {
  /** Leads a caller here instead of to the engine: DOCKER_HOST or CONTAINER_HOST. */
  env: Record<string, string>;
  /** So far, in the order in which they came. */
  asked: readonly Asked[];
  /** What the engine has to say waits at this point, on this connection alone; what the caller says goes on. */
  hold(point: Point): Halt;
  /** The connection breaks there, on both sides. */
  cut(point: Point): Halt;
  /** The caller gets this text, an HTTP answer, in place of the engine's, and the connection ends. */
  answer(point: Omit<Point, 'when'>, text: string): Halt;
  /** From now on nothing that is said is heard, as by an engine that got SIGSTOP: it is read after `thaw`. */
  freeze(): void;
  thaw(): void;
}

let count = 0;

/** Opens one in front of the engine that the container's caller would ask. Only for ways with a socket (socketModes). */
export async function openProxy(container: ManagedContainer): Promise<EngineProxy> {
  const variables = engineVariables(container.mode, engines);
  const [name, fallback] =
    container.engine === 'docker'
      ? (['DOCKER_HOST', 'unix:///var/run/docker.sock'] as const)
      : (['CONTAINER_HOST', 'unix:///run/podman/podman.sock'] as const);
  const real = (variables[name] ?? fallback).replace('unix://', '');
  count += 1;
  const path = join(container.root, `proxy-${count}.sock`);
  const asked: Asked[] = [];
  const rules: Rule[] = [];
  const sockets = new Set<Socket>();
  const frost = { gate: closedGate() };
  frost.gate.open();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ path: real, allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    carry({ near, far, asked, rules, thawed: () => frost.gate.passed });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o666);
  const add = (act: Rule['act'], point: Point): Halt => {
    const rule: Rule = {
      ...{ ...point, act, reached: 0, gate: closedGate() },
      left: point.times ?? (act === 'hold' ? Number.POSITIVE_INFINITY : 1),
    };
    rules.push(rule);
    return {
      async reached() {
        await until(() => rule.reached > 0, { what: `a request at the point ${point.request}`, everyMs: 2 });
      },
      open: () => rule.gate.open(),
      reset() {
        rule.gate.open();
        Object.assign(rule, { reached: 0, gate: closedGate() });
      },
    };
  };
  return {
    env: { [name]: `unix://${path}` },
    asked,
    hold: (point) => add('hold', point),
    cut: (point) => add('cut', point),
    answer: (point, text) => add({ text }, { ...point, when: 'asked' }),
    freeze() {
      frost.gate = closedGate();
    },
    thaw: () => frost.gate.open(),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
