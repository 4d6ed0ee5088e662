/**
 * `npm run demo:record`: runs the demo in a terminal, plays the person who chats, and draws what was seen as
 * docs/demo.svg. Nothing is shown that was not there; only waits are cut short.
 */
import { writeFileSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openTerminal } from '../test/harness/pty.ts';
import { toSvg } from './record/svg.ts';
import { type Chunk, paced, rowsOf } from './record/timeline.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const cols = 114;
const typed = ['good morning\r', 'exit\r'];

/** Runs the demo; what it has shown, with the times. Throws where it did not end well. */
async function record(): Promise<readonly Chunk[]> {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', TMPDIR: '/tmp' } as Record<string, string>;
  const argv = ['npm', 'run', '--silent', '--ignore-scripts', 'demo'];
  await using terminal = await openTerminal({ argv, env, cwd: checkout, cols });
  const chunks: Chunk[] = [];
  let seen = 0;
  const note = (): void => {
    const output = terminal.output();
    if (output.length > seen) chunks.push({ atMs: Date.now(), text: output.slice(seen) });
    seen = output.length;
  };
  const watch = setInterval(note, 10);
  try {
    for (const [turn, line] of typed.entries()) {
      await terminal.waitFor((output) => output.split('you> ').length > turn + 1, { ms: 120_000 });
      await pause(800); // a person reads, then types
      for (const key of line) {
        terminal.write(key);
        await pause(70);
      }
    }
    const { code, signal } = await terminal.exit;
    if (code !== 0) throw new Error(`the demo ended with ${code ?? signal}:\n${terminal.output()}`);
    note();
    return chunks;
  } finally {
    clearInterval(watch);
  }
}

/** What must not be in a picture for everybody: names of this machine and of whoever made it. */
function refusePersonal(svg: string): void {
  const { username } = userInfo();
  const names = [hostname(), homedir(), checkout.slice(0, -1), ...(username === 'root' ? [] : [username])];
  const found = names.filter((name) => name !== '/' && name !== 'hermes' && svg.includes(name));
  if (found.length > 0) throw new Error(`the recording shows ${found.join(', ')}`);
}

const begin: Chunk = { atMs: 0, text: '$ npm run demo\r\n' };
const chunks = await record();
const shifted = chunks.map(({ atMs, text }) => ({ atMs: atMs - (chunks[0]?.atMs ?? 0) + 1000, text }));
const svg = toSvg({
  title: 'npm run demo: hermes runs in the container as if it were local',
  rows: rowsOf(paced([begin, ...shifted]), cols),
  cols,
  height: 27,
  restMs: 6000,
});
refusePersonal(svg);
writeFileSync(`${checkout}docs/demo.svg`, svg);
console.log(`docs/demo.svg: ${Math.round(svg.length / 1024)} KB`);
