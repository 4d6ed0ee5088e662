import type { Plan } from '../session/plan/command.ts';
import type { Decision } from './capture-trace.ts';

/** A session's plan in words: who, where, with what terminal and environment. Names of secrets, never their values. */
export function describePlan(plan: Plan): readonly Decision[] {
  const { connection, forwarded, instructions, profileHome } = plan;
  const { terminal, stdin, mergeOutput } = connection;
  const names = [...forwarded.plain.map(([name]) => name), ...forwarded.secret.map(([name]) => name)];
  const facts = [
    `as ${instructions.user}, umask ${instructions.umask.toString(8).padStart(4, '0')}`,
    `in ${instructions.start.first || instructions.start.second || '/'}`,
    terminal
      ? 'with a terminal: stdin and stdout are terminals here'
      : 'through pipes: stdin or stdout is no terminal here, or HERMES_SHIM_STDIN=0',
    ...(stdin === 'ignore'
      ? ['stdin is /dev/null: a terminal in the background, a directory, or HERMES_SHIM_STDIN=0']
      : []),
    ...(mergeOutput ? ['stderr joins stdout: here they are the same file'] : []),
    names.length > 0 ? `with ${names.join(' ')} from this environment` : 'with nothing of this environment',
    ...(profileHome === undefined ? [] : [`with HERMES_HOME=${profileHome}`]),
  ];
  return facts.map((fact) => ({ about: 'session', fact }));
}
