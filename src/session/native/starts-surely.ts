import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import { alwaysTaken } from '../../system/exec-size.ts';

/** So much of a script's first line Linux reads, in bytes (execve(2)); an ELF header is shorter. */
const headBytes = 256;

/**
 * Does the system surely run this program? Only where it does may `process.execve` be called by a node in which its failure
 * aborts the process, with a stack trace and a core: 22.15 to 26.0 (nodejs/node#62878). A script counts whose interpreter
 * is there and a program of this machine's kind; of a program itself it cannot be told cheaply whether its loader is there.
 * @param size of arguments and environment together, in bytes
 */
export function startsSurely(file: string, size: number): boolean {
  if (size > alwaysTaken) return false;
  const interpreter = /^#![ \t]*(\/[^ \t\n]*)[^\n]*\n/.exec(headOf(file).toString('latin1'))?.[1];
  if (interpreter === undefined) return false;
  const kind = kindOf(headOf(interpreter));
  return kind !== undefined && kind === kindOf(headOf(process.execPath));
}

/** How a program begins that may be executed; empty for one that may not (also on a file system without programs). */
function headOf(file: string): Buffer {
  const head = Buffer.alloc(headBytes);
  let descriptor: number | undefined;
  try {
    accessSync(file, constants.X_OK);
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    return head.subarray(0, readSync(descriptor, head));
  } catch {
    return head.subarray(0, 0);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** For which machine an ELF program was made: its class, byte order and `e_machine` (elf(5)). */
function kindOf(head: Buffer): string | undefined {
  const elf = head.subarray(0, 4).toString('latin1') === '\x7fELF';
  return elf ? head.subarray(4, 6).toString('hex') + head.subarray(18, 20).toString('hex') : undefined;
}
