/** Takes debug information and symbols out of an ELF file, whatever machine it is for: a host's own strip knows one. */

/** Offsets in a 64-bit little-endian header and section header (elf(5)). */
const header = { sectionOffset: 0x28, sectionSize: 0x3a, sectionCount: 0x3c, namesIndex: 0x3e };
const section = { flags: 0x08, offset: 0x18, size: 0x20, type: 0x04 };
const [allocated, noBits] = [2n, 8];

/**
 * The same program without what is not loaded. What is loaded stands first in the file and keeps its place; the
 * section headers of it follow, with their names. Throws where the file is not laid out like that.
 */
export function strip(file: Buffer): Buffer {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    throw new Error('this is not a 64-bit little-endian ELF file');
  const start = Number(file.readBigUInt64LE(header.sectionOffset));
  const size = file.readUInt16LE(header.sectionSize);
  const count = file.readUInt16LE(header.sectionCount);
  const headers = Array.from({ length: count }, (_, index) =>
    Buffer.from(file.subarray(start + index * size, start + (index + 1) * size)),
  );
  const isLoaded = (entry: Buffer) => (entry.readBigUInt64LE(section.flags) & allocated) !== 0n;
  const place = (entry: Buffer) => Number(entry.readBigUInt64LE(section.offset));
  const length = (entry: Buffer) =>
    entry.readUInt32LE(section.type) === noBits ? 0 : Number(entry.readBigUInt64LE(section.size));
  // The first is the empty one; links between loaded sections are by index, so none before the last may go.
  const kept = headers.findLastIndex(isLoaded) + 1;
  if (!headers.slice(1, kept).every(isLoaded)) throw new Error('sections that are loaded and not are mixed');
  const end = Math.max(...headers.slice(0, kept).map((entry) => place(entry) + length(entry)));
  if (headers.slice(kept).some((entry) => length(entry) > 0 && place(entry) < end))
    throw new Error('something that is not loaded stands among what is');
  const names = headers[file.readUInt16LE(header.namesIndex)];
  if (names === undefined) throw new Error('the sections have no names');
  const text = Buffer.from(file.subarray(place(names), place(names) + length(names)));
  names.writeBigUInt64LE(BigInt(end), section.offset);
  const gap = Buffer.alloc(-(end + text.length) & 7);
  const result = Buffer.concat([file.subarray(0, end), text, gap, ...headers.slice(0, kept), names]);
  result.writeBigUInt64LE(BigInt(end + text.length + gap.length), header.sectionOffset);
  result.writeUInt16LE(kept + 1, header.sectionCount);
  result.writeUInt16LE(kept, header.namesIndex);
  return result;
}
