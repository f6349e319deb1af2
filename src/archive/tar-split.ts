/**
 * Remembers everything of an archive but the files' bodies, so that it comes out again byte for byte from the files
 * that were unpacked from it: headers and padding as they were, and a CRC-64 of each body.
 *
 * The form is the one that Docker keeps beside a layer as `tar-split.json.gz`: one JSON object a line.
 *
 * @see github.com/vbatts/tar-split tar/storage, tar/asm
 */
import { ArchiveError } from './archive-error.ts';
import { base64Length, fromBase64, writeBase64 } from './base64.ts';
import { CRC64 } from './crc64.ts';
import { concatenate } from './codecs.ts';
import { cleanName, decodeName, encodeName, isUTF8 } from '../abi/name-bytes.ts';
import { BLOCK_SIZE, type TarHeader } from './tar-entry.ts';
import { TarReader } from './tar-reader.ts';

/** One line: `type` 1 is a file, `type` 2 a segment of raw bytes. */
export interface SplitRecord {
  readonly type: 1 | 2;
  /** The file's name as it stands in the archive. */
  readonly name?: string;
  /** Bytes of the file; 0 and left out for what has no body. */
  readonly size?: number;
  /** The segment's bytes, or the CRC-64 of the file's body; `null` for what has no body. */
  readonly payload: Uint8Array | null;
  readonly position: number;
}

/** The largest segment that holds what follows an archive's end. */
const REMAINDER_MAX = 1 << 20;

/** Records an archive while its bytes pass by. */
export class SplitRecorder {
  readonly records: SplitRecord[] = [];
  readonly #seen = new Set<string>();
  readonly #reader: TarReader;
  #segment = new Uint8Array(4 * BLOCK_SIZE);
  #segmentLength = 0;
  #remainder: Uint8Array[] = [];
  #header: TarHeader | undefined;
  #crc = new CRC64();

  constructor() {
    this.#reader = new TarReader({
      segment: (bytes) => this.#keep(bytes),
      entry: (header) => this.#begin(header),
      data: (bytes) => this.#crc.update(bytes),
      entryEnd: () => this.#finish(),
      remainder: (bytes) => this.#remainder.push(bytes.slice()),
    });
  }

  /** @throws ArchiveError `ERR_TAR_…`; `ERR_TAR_DUPLICATE` when a path comes twice, which no source could answer */
  write(chunk: Uint8Array): void {
    this.#reader.write(chunk);
  }

  /** Closes the records: what follows the archive, and the empty segment that says that there is no more. */
  end(): readonly SplitRecord[] {
    this.#reader.end();
    this.#flush();
    const remainder = concatenate([new Uint8Array(0), ...this.#remainder]);
    for (let at = 0; at < remainder.length; at += REMAINDER_MAX) {
      this.#add({ type: 2, payload: remainder.subarray(at, at + REMAINDER_MAX) });
    }
    this.#add({ type: 2, payload: new Uint8Array(0) });
    return this.records;
  }

  #begin(header: TarHeader): void {
    const path = cleanName(header.name);
    if (this.#seen.has(path)) {
      throw new ArchiveError('ERR_TAR_DUPLICATE', `duplicates of file paths not supported: ${JSON.stringify(path)}`, {
        entry: header.name,
      });
    }
    this.#seen.add(path);
    this.#header = header;
    this.#crc = new CRC64();
    if (header.type !== 'g') this.#flush();
  }

  #finish(): void {
    this.#flush();
    const { name, size } = this.#header!;
    this.#add({ type: 1, name, ...(size > 0 ? { size, payload: this.#crc.digest() } : { payload: null }) });
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#segmentLength + bytes.length;
    if (length > this.#segment.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.#segment.subarray(0, this.#segmentLength));
      this.#segment = larger;
    }
    this.#segment.set(bytes, this.#segmentLength);
    this.#segmentLength = length;
  }

  #flush(): void {
    if (this.#segmentLength === 0) return;
    this.#add({ type: 2, payload: this.#segment.slice(0, this.#segmentLength) });
    this.#segmentLength = 0;
  }

  #add(record: Omit<SplitRecord, 'position'>): void {
    this.records.push({ ...record, position: this.records.length });
  }
}

/** The records of a whole archive. */
export function splitArchive(archive: Uint8Array | Iterable<Uint8Array>): readonly SplitRecord[] {
  const recorder = new SplitRecorder();
  for (const chunk of archive instanceof Uint8Array ? [archive] : archive) recorder.write(chunk);
  return recorder.end();
}

/** The JSON lines of the records, as Go writes them. */
export function formatSplit(records: readonly SplitRecord[]): Uint8Array {
  const lines = new SplitLines();
  for (const record of records) lines.add(record);
  return lines.bytes();
}

/** Lines of JSON, written as bytes into an array that grows. */
class SplitLines {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  add({ type, name, size, payload, position }: SplitRecord): void {
    this.#text(`{"type":${type},`);
    if (name !== undefined && name !== '') this.#name(name);
    if (size !== undefined && size !== 0) this.#text(`"size":${size},`);
    if (payload === null) this.#text('"payload":null');
    else this.#quoted('payload', payload);
    this.#text(`,"position":${position}}\n`);
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #name(name: string): void {
    if (isUTF8(name)) this.#append(encodeName(`"name":${goString(name)}`));
    else this.#quoted('name_raw', encodeName(name));
    this.#text(',');
  }

  #quoted(member: string, value: Uint8Array): void {
    this.#text(`"${member}":"`);
    const length = base64Length(value);
    this.#reserve(length);
    writeBase64(this.#bytes, this.#length, value);
    this.#length += length;
    this.#text('"');
  }

  /** ASCII alone. */
  #text(text: string): void {
    this.#reserve(text.length);
    for (let at = 0; at < text.length; at++) this.#bytes[this.#length++] = text.charCodeAt(at);
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#length + length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** A JSON string as Go's encoder writes it: `<`, `>`, `&` and the two line separators escaped, no `\b` and `\f`. */
function goString(text: string): string {
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text)
    .replace(/[<>&\u2028\u2029]/g, escaped)
    .replace(/\\(\\|b|f)/g, (all, letter: string) => (letter === 'b' ? '\\u0008' : letter === 'f' ? '\\u000c' : all));
}

/** @throws ArchiveError `ERR_TAR_SPLIT` */
export function parseSplit(lines: Uint8Array): readonly SplitRecord[] {
  try {
    const texts = decodeName(lines).split('\n');
    return texts.filter((line) => line !== '').map((line) => parseRecord(JSON.parse(line)));
  } catch (cause) {
    throw new ArchiveError('ERR_TAR_SPLIT', 'malformed tar-split records', { cause });
  }
}

function parseRecord(line: Record<string, unknown>): SplitRecord {
  const { type, name, name_raw: raw, size = 0, payload, position } = line;
  if (type !== 1 && type !== 2) throw new TypeError(`record of type ${type}`);
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw new TypeError(`record of size ${size}`);
  return {
    type,
    ...(type === 1 ? { name: typeof raw === 'string' ? decodeName(fromBase64(raw)) : String(name ?? '') } : {}),
    ...(size === 0 ? {} : { size: size as number }),
    payload: typeof payload === 'string' ? fromBase64(payload) : null,
    position: Number(position),
  };
}

/**
 * The archive again. `read` answers the body of the file of that name (as it stands in the archive).
 *
 * @throws ArchiveError `ERR_TAR_SPLIT_CHECKSUM` when a body is not the one that was recorded
 */
export function* assembleArchive(
  records: Iterable<SplitRecord>,
  read: (name: string) => Uint8Array | Iterable<Uint8Array>,
): Generator<Uint8Array, void> {
  for (const record of records) {
    if (record.type === 2) {
      if (record.payload !== null && record.payload.length > 0) yield record.payload;
    } else if (record.size !== undefined && record.size > 0) yield* readVerified(record, read(record.name ?? ''));
  }
}

function* readVerified(record: SplitRecord, body: Uint8Array | Iterable<Uint8Array>): Generator<Uint8Array, void> {
  const crc = new CRC64();
  let size = 0;
  for (const chunk of body instanceof Uint8Array ? [body] : body) {
    crc.update(chunk);
    size += chunk.length;
    if (size > record.size!) break;
    yield chunk;
  }
  const expected = record.payload ?? new Uint8Array(0);
  if (size === record.size && crc.digest().every((byte, at) => byte === expected[at])) return;
  const name = record.name ?? '';
  throw new ArchiveError('ERR_TAR_SPLIT_CHECKSUM', `file integrity checksum failed for ${JSON.stringify(name)}`, {
    entry: name,
  });
}
