/** Where one HTTP request ends and the next begins, in what a client of an engine has written so far. */

export interface WholeRequest {
  /** As it was written. */
  bytes: Buffer;
  /** `POST /v1.41/containers/x/exec`. */
  line: string;
  body: string;
  /** From its end on the connection carries no HTTP any more; podman's client takes that for granted without asking. */
  upgrades: boolean;
  /** What was written after it. */
  rest: Buffer;
}

/** Takes the first request off, or returns undefined while it is not whole. Bodies have a length or come in chunks. */
export function takeRequest(written: Buffer): WholeRequest | undefined {
  const end = written.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = written.toString('latin1', 0, end);
  const from = end + 4;
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const to = /^transfer-encoding: *chunked/im.test(head) ? endOfChunks(written, from) : from + length;
  if (to === undefined || to > written.length) return undefined;
  return {
    bytes: written.subarray(0, to),
    line: /^\S+ \S+/.exec(head)?.[0] ?? head,
    body: written.toString('utf8', from, to),
    upgrades: /^upgrade:/im.test(head) || /^POST \S+\/(exec\/\w+\/start|attach)[ ?]/.test(head),
    rest: written.subarray(to),
  };
}

/** Each chunk is its length in hex, a line break, so many bytes, a line break; the last one is empty. */
function endOfChunks(written: Buffer, from: number): number | undefined {
  for (let at = from; ; ) {
    const line = written.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const length = Number.parseInt(written.toString('latin1', at, line), 16);
    at = line + 2 + length + 2;
    if (length === 0 || Number.isNaN(length)) return at;
    if (at > written.length) return undefined;
  }
}
