/** A whole answer of an engine's API (HTTP/1.1, RFC 9112). Header names are in lower case. */
export type Answer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
};

/** Longest answer that is read, in bytes; a container's is some ten thousand, more with labels of megabytes. */
const answerLimit = 32 * 1024 * 1024;

/** Longest head of an answer, in bytes. */
const headLimit = 64 * 1024;

/** An answer that is none, or too long: whoever is on the other side is no engine. */
export class NonsenseAnswer extends Error {}

/** An answer, and what came behind it on the connection. */
type Received = { readonly answer: Answer; readonly rest: Buffer };

/** Reads one answer out of the pieces in which it comes. */
export type AnswerReader = {
  /**
   * @returns the answer as soon as it is whole
   * @throws {NonsenseAnswer}
   */
  readonly push: (chunk: Buffer) => Received | undefined;
  /** The connection has ended: an answer without a length is whole by that. */
  readonly end: () => Answer | undefined;
};

type Head = Pick<Answer, 'status' | 'headers'>;

/**
 * Begins to read an answer.
 * @param stream the connection becomes a stream with 200 as with 101: what comes behind the head is no body
 */
export function readAnswer(stream = false): AnswerReader {
  const pieces: Buffer[] = [];
  let length = 0;
  let head: Head | undefined;
  const all = (): Buffer => {
    const [one = Buffer.alloc(0)] = pieces;
    const whole = pieces.length > 1 ? Buffer.concat(pieces) : one;
    pieces.splice(0, pieces.length, whole);
    return whole;
  };
  const cut = (at: number): void => {
    const left = all().subarray(at);
    pieces.splice(0, pieces.length, left);
    length = left.length;
  };
  return {
    push: (chunk) => {
      pieces.push(chunk);
      length += chunk.length;
      if (length > answerLimit) throw new NonsenseAnswer(`more than ${answerLimit / 1024 / 1024} MiB`);
      if (head === undefined) {
        const bytes = all();
        const end = bytes.indexOf('\r\n\r\n');
        if (end < 0 && length > headLimit) throw new NonsenseAnswer('no end of its head');
        if (end < 0) return undefined;
        head = toHead(bytes.toString('latin1', 0, end));
        cut(end + 4);
      }
      const read = stream && head.status === 200 ? none(all()) : readBody(head, length, all);
      return read && { answer: { ...head, body: read.body }, rest: read.rest };
    },
    end: () => {
      if (head === undefined || head.headers.has('transfer-encoding') || head.headers.has('content-length'))
        return undefined;
      return { ...head, body: all() };
    },
  };
}

function toHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw new NonsenseAnswer(first.slice(0, 80));
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, Math.max(0, colon)).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), headers: new Map(headers) };
}

/** No body, and this behind the head. */
const none = (rest: Buffer): { body: Buffer; rest: Buffer } => ({ body: Buffer.alloc(0), rest });

/** @param all everything that came behind the head; made one piece only when it may be enough */
function readBody(
  { status, headers }: Head,
  length: number,
  all: () => Buffer,
): { body: Buffer; rest: Buffer } | undefined {
  if (status < 200 || status === 204 || status === 304) return none(all());
  if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') {
    // the last chunk is an empty one, so nothing else than these bytes can end the body
    const bytes = all();
    return bytes.subarray(-64).includes('0\r\n') ? readChunks(bytes) : undefined;
  }
  const announced = Number(headers.get('content-length') ?? Number.NaN);
  if (!Number.isSafeInteger(announced) || announced > answerLimit || length < announced) return undefined;
  const bytes = all();
  return { body: bytes.subarray(0, announced), rest: bytes.subarray(announced) };
}

/** Takes chunks apart (RFC 9112, 7.1); trailers are none of ours. */
function readChunks(bytes: Buffer): { body: Buffer; rest: Buffer } | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = /^[0-9a-f]{1,8}(?=;|$)/i.exec(bytes.toString('latin1', at, line))?.[0];
    if (size === undefined) throw new NonsenseAnswer('a chunk without a size');
    const begin = line + 2;
    const end = begin + Number.parseInt(size, 16);
    if (end + 2 > bytes.length) return undefined;
    if (end === begin) return { body: Buffer.concat(parts), rest: bytes.subarray(end + 2) };
    parts.push(bytes.subarray(begin, end));
    at = end + 2;
  }
}

/** An answer's body as an object; empty where it is none. */
export function toJson({ body }: Pick<Answer, 'body'>): { readonly [key: string]: unknown } {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as { readonly [key: string]: unknown }) : {};
  } catch {
    return {};
  }
}

/** What an engine says of why it does not do something: docker's `message`, podman's `cause`, or all of it. */
export function complaintOf(answer: Answer): string {
  const { message, cause } = toJson(answer);
  const all = [message, cause, answer.body.toString('utf8')];
  const words = all.find((word) => typeof word === 'string' && word !== '');
  return String(words ?? `status ${answer.status}`).trim();
}
