/** Which of a session's outputs bytes belong to. */
export type Output = 'stdout' | 'stderr';

/** Before each piece of output: 1 or 2 for the stream, three zeros, the length as four bytes (the API's "attach" page). */
const headLength = 8;

/**
 * Takes the engine's multiplexed stream apart, whatever the pieces in which it comes. Bytes are handed on at once, also of
 * frames that are not whole yet.
 * @param take gets views of the pieces: whoever keeps them copies them
 * @returns takes the next piece; throws where it is no such stream
 */
export function readFrames(take: (output: Output, bytes: Buffer) => void): (chunk: Buffer) => void {
  const head = Buffer.alloc(headLength);
  let headFilled = 0;
  let left = 0;
  let output: Output = 'stdout';
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const end = Math.min(chunk.length, at + left);
        take(output, chunk.subarray(at, end));
        left -= end - at;
        at = end;
        continue;
      }
      const copied = chunk.copy(head, headFilled, at, at + headLength - headFilled);
      headFilled += copied;
      at += copied;
      if (headFilled < headLength) return;
      headFilled = 0;
      output = toOutput(head);
      left = head.readUInt32BE(4);
    }
  };
}

function toOutput(head: Buffer): Output {
  const [stream] = head;
  if (stream === undefined || stream > 3 || head.readUIntBE(1, 3) !== 0)
    throw new Error(`the engine's stream makes no sense: ${head.toString('hex')}`);
  // 3 is the engine's own word about an error (docker, pkg/stdcopy)
  return stream < 2 ? 'stdout' : 'stderr';
}
