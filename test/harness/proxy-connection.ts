/** One connection of a proxy: its bytes are carried both ways, and each request is looked at as it passes. */
import type { Socket } from 'node:net';
import { takeRequest } from './http-request.ts';

/** One request, and what came back: an answer's body, or after an upgrade what the engine said. */
export interface Asked {
  /** `POST /v1.41/containers/x/exec`. */
  line: string;
  body: string;
  answer: string;
}

/** A point in the course of a request. */
export interface Point {
  /** Which request. A pattern is looked for in its line and its body, with a line break between. */
  request: RegExp | ((asked: Asked) => boolean);
  /**
   * `asked` (default): it is here, and nothing of it has been passed on. `answered`: the head of the answer is here, and
   * has not been passed on. A number: the head and so many bytes after it have been passed on, and no more.
   */
  when?: 'asked' | 'answered' | number;
  /** How many requests it counts for. Default: all for `hold`, one for `cut` and `answer`. */
  times?: number;
}

/** What happens at a point; `left`: for how many requests more. */
export type Rule = Point & {
  act: 'hold' | 'cut' | { text: string };
  left: number;
  reached: number;
  gate: Gate;
};

/** Passable or not; `passed` resolves when it is. */
type Gate = { passed: Promise<void>; open(): void };

export function closedGate(): Gate {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}

interface Pair {
  near: Socket;
  far: Socket;
  asked: Asked[];
  rules: readonly Rule[];
  thawed(): Promise<void>;
}

/** Written, or in vain: then the socket is gone. */
const pass = (to: Socket, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    if (bytes.length === 0 || to.destroyed) resolve();
    else to.write(bytes, () => resolve());
  });

/** Carries one connection's bytes both ways until its end. One request at a time: none of the clients sends two at once. */
export function carry({ near, far, asked, rules, thawed }: Pair): void {
  let current: Asked | undefined;
  let raw = false;
  // bytes of the answer that have been passed on; undefined: its head has not been seen yet
  let passed: number | undefined = 0;

  const ruleFor = (fits: (when: NonNullable<Point['when']>) => boolean): Rule | undefined =>
    rules.find(
      ({ request, when = 'asked', left }) =>
        current !== undefined &&
        left > 0 &&
        fits(when) &&
        (typeof request === 'function'
          ? request(current)
          : new RegExp(request).test(`${current.line}\n${current.body}`)),
    );

  async function obey(rule: Rule | undefined): Promise<void> {
    if (rule === undefined) return;
    rule.left -= 1;
    rule.reached += 1;
    if (rule.act === 'hold') return await rule.gate.passed;
    if (rule.act === 'cut') near.destroy();
    else near.end(rule.act.text);
    far.destroy();
  }

  async function carryRequests(): Promise<void> {
    let written = Buffer.alloc(0);
    for await (const chunk of near.iterator({ destroyOnReturn: false })) {
      await thawed();
      if (raw) {
        await pass(far, chunk);
        continue;
      }
      written = Buffer.concat([written, chunk]);
      for (let whole = takeRequest(written); whole && !raw; whole = takeRequest(written)) {
        current = { line: whole.line, body: whole.body, answer: '' };
        asked.push(current);
        await obey(ruleFor((when) => when === 'asked'));
        passed = undefined;
        raw = whole.upgrades;
        await pass(far, whole.bytes);
        written = Buffer.from(whole.rest);
      }
      if (raw) await pass(far, written);
    }
    if (!raw) await pass(far, written);
    far.end();
  }

  /** Passes on what follows the head, and stops where it is told to. */
  async function carryBody(bytes: Buffer, from: number): Promise<void> {
    if (current && current.answer.length < 1_000_000) current.answer += bytes.toString('latin1');
    const rule = ruleFor((when) => typeof when === 'number' && from <= when && when <= from + bytes.length);
    const until = typeof rule?.when === 'number' ? rule.when - from : bytes.length;
    await pass(near, bytes.subarray(0, until));
    passed = from + until;
    await obey(rule);
    await pass(near, bytes.subarray(until));
    passed = from + bytes.length;
  }

  async function carryAnswers(): Promise<void> {
    let head = Buffer.alloc(0);
    for await (const chunk of far.iterator({ destroyOnReturn: false })) {
      await thawed();
      if (passed !== undefined) {
        await carryBody(chunk, passed);
        continue;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) continue;
      await obey(ruleFor((when) => when === 'answered'));
      await pass(near, head.subarray(0, end + 4));
      const rest = head.subarray(end + 4);
      head = Buffer.alloc(0);
      await carryBody(rest, 0);
    }
    near.end();
  }

  const broken = () => {
    near.destroy();
    far.destroy();
  };
  carryRequests().catch(broken);
  carryAnswers().catch(broken);
}
