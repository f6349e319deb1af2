/** The smallest program that a container can run: it waits for signals for ever. */

/** `mov eax, SYS_pause; syscall; jmp back` */
const code = Buffer.from('b8220000000f05ebf7', 'hex');
const HEADER = 64;
const PROGRAM_HEADER = 56;
const ADDRESS = 0x400000n;

function header(): Buffer {
  const bytes = Buffer.alloc(HEADER);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeUInt16LE(2, 16); // ET_EXEC
  bytes.writeUInt16LE(62, 18); // EM_X86_64
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(ADDRESS + BigInt(HEADER + PROGRAM_HEADER), 24);
  bytes.writeBigUInt64LE(BigInt(HEADER), 32);
  bytes.writeUInt16LE(HEADER, 52);
  bytes.writeUInt16LE(PROGRAM_HEADER, 54);
  bytes.writeUInt16LE(1, 56);
  return bytes;
}

function programHeader(): Buffer {
  const size = BigInt(HEADER + PROGRAM_HEADER + code.length);
  const bytes = Buffer.alloc(PROGRAM_HEADER);
  bytes.writeUInt32LE(1, 0); // PT_LOAD
  bytes.writeUInt32LE(5, 4); // readable, executable
  bytes.writeBigUInt64LE(ADDRESS, 16);
  bytes.writeBigUInt64LE(ADDRESS, 24);
  bytes.writeBigUInt64LE(size, 32);
  bytes.writeBigUInt64LE(size, 40);
  bytes.writeBigUInt64LE(0x1000n, 48);
  return bytes;
}

/** An executable for Linux on x86-64. */
export const holdProgram: Uint8Array = Buffer.concat([header(), programHeader(), code]);
