import { type Answer, jsonText, outputStyleOf } from './companion/answer.ts';
import { splitCommandLine } from './companion/command-line.ts';
import { currentCaller, withoutBypass } from './companion/current-caller.ts';
import { failureJson, formatCompanionFailure } from './companion/format-failure.ts';
import type { Request } from './companion/request.ts';
import { exitWhenUnread } from './companion/uninterrupted.ts';
import { UsageError } from './companion/usage-error.ts';
import { asFailure, Failure } from './report/failure.ts';
import { checkNode } from './report/node-version.ts';
import { writeError } from './report/stderr.ts';
import { endAs } from './session/end.ts';
import { leaveTerminalToOthers } from './session/streams/leave-terminal.ts';

/** Does what was asked for; each subcommand is loaded when it is its turn. */
async function serve(
  request: Exclude<Request, { kind: 'completion' | 'shell' | 'logs' }>,
  words: readonly string[],
): Promise<Answer> {
  const caller = currentCaller();
  switch (request.kind) {
    case 'explain':
      return (await import('./companion/explain.ts')).explain(currentCaller(request.name, words), request);
    case 'doctor':
      return (await import('./companion/doctor.ts')).doctor(caller);
    case 'enable':
      return (await import('./companion/enable.ts')).enable(withoutBypass(caller), request);
    case 'disable':
      return (await import('./companion/disable.ts')).disable(withoutBypass(caller));
    case 'ps':
      return (await import('./companion/ps.ts')).ps(withoutBypass(caller));
    case 'reap':
      return (await import('./companion/reap.ts')).reap(withoutBypass(caller), request);
    case 'init':
      return (await import('./companion/init.ts')).init(caller, request);
    case 'up':
      return (await import('./companion/up.ts')).up(withoutBypass(caller), request);
    case 'down':
      return (await import('./companion/down.ts')).down(withoutBypass(caller), request);
    case 'restart':
      return (await import('./companion/restart.ts')).restart(withoutBypass(caller), request);
    case 'status':
      return (await import('./companion/status.ts')).status(withoutBypass(caller), request);
    case 'update':
      return (await import('./companion/update.ts')).update(withoutBypass(caller), request);
    case 'recreate':
      return (await import('./companion/recreate.ts')).recreate(withoutBypass(caller), request);
  }
}

/** Subcommands that end as another program ends: a shell in the container, the engine's log. */
async function runForeground(
  request: Extract<Request, { kind: 'shell' | 'logs' }>,
  words: readonly string[],
): Promise<number> {
  const caller = withoutBypass(currentCaller());
  try {
    if (request.kind === 'logs') return await (await import('./companion/logs.ts')).logs(caller, request);
    endAs(await (await import('./companion/shell.ts')).shell(caller, request, words));
  } catch (thrown) {
    writeError(formatCompanionFailure(asFailure(thrown)));
    return 1;
  }
}

async function answer(request: Request, words: readonly string[]): Promise<number> {
  if (request.kind === 'shell' || request.kind === 'logs') return runForeground(request, words);
  if (request.kind === 'completion') {
    const { completionScript } = await import('./companion/completion.ts');
    const { buildParser } = await import('./companion/parser.ts');
    process.stdout.write(completionScript(request.shell, () => buildParser([], () => undefined)));
    return 0;
  }
  const { json } = request;
  const tell = (thrown: unknown): void => {
    const failure = asFailure(thrown);
    if (json) process.stdout.write(jsonText({ error: failureJson(failure) }));
    else writeError(formatCompanionFailure(failure));
  };
  // what is thrown where nobody waits for it (no descriptors, no memory) is told in a sentence, too
  process.on('uncaughtException', (thrown) => {
    tell(thrown);
    process.exit(1);
  });
  try {
    const { code, json: facts, text } = await serve(request, words);
    const style = outputStyleOf(process.stdout.isTTY === true, process.env);
    process.stdout.write(json ? jsonText(facts) : text(style));
    return code;
  } catch (thrown) {
    // where execa stumbles over a lack of descriptors, node says a turn later that it was one
    if (!(thrown instanceof Failure)) await new Promise((resolve) => setImmediate(resolve));
    tell(thrown);
    return 1;
  }
}

/** A directory that was deleted: whatever asks for it would throw, and nothing relative is there any more. */
function leaveDeletedDirectory(): void {
  try {
    process.cwd();
  } catch {
    process.chdir('/');
  }
}

async function main(): Promise<void> {
  leaveDeletedDirectory();
  // of colour variables that contradict each other, say: nothing to whoever asked
  process.removeAllListeners('warning');
  leaveTerminalToOthers(currentCaller().noted);
  // somebody stopped reading (`| head -1`): nothing more to say to them
  process.stdout.on('error', exitWhenUnread);
  process.stderr.on('error', () => undefined);
  const { own, words } = splitCommandLine(process.argv.slice(3));
  const asked: Request[] = [];
  try {
    checkNode(process.versions.node);
    // not before: a node that is too old may not understand it
    const { buildParser } = await import('./companion/parser.ts');
    await buildParser(own, (request) => void asked.push(request)).parseAsync();
  } catch (thrown) {
    if (thrown instanceof Failure) {
      writeError(formatCompanionFailure(thrown));
      process.exitCode = 1;
      return;
    }
    const sentence = thrown instanceof UsageError ? thrown.message : asFailure(thrown).sentence;
    writeError(`hermes-shim: ${sentence}\n  see:  hermes-shim --help\n`);
    process.exitCode = 2;
    return;
  }
  const [request] = asked;
  if (request !== undefined) process.exitCode = await answer(request, words);
}

void main();
