/**
 * The exec wrapper's first bytes over the API, or on the stderr of a client in a container that nobody has looked at
 * before, just before it becomes hermes: a record separator that no shell and no engine prints, and how it went. What comes before it are the engine's or the shell's own words; where it never comes, hermes
 * was not started.
 */
export type Greeting = 'started' | 'missing' | 'forbidden';

const separator = 0x1e;
const letters: Readonly<Record<string, Greeting>> = { S: 'started', M: 'missing', F: 'forbidden' };

/** Looks for the greeting in a session's first output. */
export type GreetingReader = {
  /** @returns once it is there: what it says, and the bytes behind it; until then they are kept */
  readonly push: (bytes: Buffer) => { readonly greeting: Greeting; readonly rest: Buffer } | undefined;
  /** what came before it, or came at all */
  readonly before: () => Buffer;
};

/** Begins to look. */
export function readGreeting(): GreetingReader {
  let seen: Buffer = Buffer.alloc(0);
  return {
    push: (bytes) => {
      seen = seen.length === 0 ? bytes : Buffer.concat([seen, bytes]);
      for (let at = seen.indexOf(separator); at >= 0; at = seen.indexOf(separator, at + 1)) {
        const greeting = letters[String.fromCharCode(seen[at + 1] ?? 0)];
        if (greeting === undefined) continue;
        const rest = seen.subarray(at + 2);
        seen = seen.subarray(0, at);
        return { greeting, rest };
      }
      return undefined;
    },
    before: () => seen,
  };
}
