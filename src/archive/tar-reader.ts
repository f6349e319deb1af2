/**
 * Takes an archive apart as its bytes come in.
 *
 * @see Go archive/tar reader.go, whose idea of a well-formed archive this is: an archive may end without its two zero
 * blocks, but not inside anything; what follows them is no part of it
 */
import { ArchiveError } from './archive-error.ts';
import { concatenate } from './codecs.ts';
import { encodeName } from '../abi/name-bytes.ts';
import { type PaxRecords, parseRecords } from './pax-record.ts';
import {
  BLOCK_SIZE,
  GNUTYPE_LONGLINK,
  GNUTYPE_LONGNAME,
  GNUTYPE_SPARSE,
  paddingOf,
  type TarEntry,
  type TarHeader,
  XGLTYPE,
  XHDTYPE,
} from './tar-entry.ts';
import { bodySizeOf, isZeroBlock, mergeRecords, parseHeader, textOf } from './tar-header.ts';

/** The most that an extended header may hold, as in Go: a size that lies must not fill the memory. */
const EXTENSION_MAX = 1 << 20;

/** Who is told what an archive holds; every call comes in the order of the archive's bytes. */
export interface TarSink {
  /** An entry begins. A global PAX header is an entry of type `'g'` without a body; Docker passes over it. */
  entry?(header: TarHeader): void;
  /** A piece of the entry's body: a view that is valid as long as the chunk it came in. */
  data?(bytes: Uint8Array): void;
  /** The entry's body is complete. */
  entryEnd?(): void;
  /** Bytes that are no body: headers, extended headers, padding, the zero blocks. */
  segment?(bytes: Uint8Array): void;
  /** What follows the archive's two zero blocks. */
  remainder?(bytes: Uint8Array): void;
}

type State = 'header' | 'extension' | 'body' | 'padding' | 'secondZero' | 'remainder';

/**
 * A push parser: `write` the archive's bytes in whatever pieces they come, then call `end`. It never waits, so that
 * synchronous and asynchronous callers use it alike.
 */
export class TarReader {
  readonly #sink: TarSink;
  #state: State = 'header';
  /** Bytes of an unfinished block or extended header. */
  #pending: Uint8Array[] = [];
  #pendingLength = 0;
  /** What the current state still needs. */
  #needed = BLOCK_SIZE;
  #padding = 0;
  #extensionType = '';
  #records: PaxRecords = new Map();
  #entry = '';

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** @throws ArchiveError `ERR_TAR_…` */
  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#state === 'remainder') {
        this.#sink.remainder?.(chunk.subarray(at));
        return;
      }
      const piece = chunk.subarray(at, at + this.#needed);
      at += piece.length;
      this.#take(piece);
    }
  }

  /** @throws ArchiveError `ERR_TAR_TRUNCATED` when the archive cannot end here */
  end(): void {
    const atBlock = this.#pendingLength === 0;
    const finished =
      this.#state === 'remainder' ||
      (atBlock && this.#state === 'secondZero') ||
      (this.#state === 'header' && atBlock && this.#records.size === 0) ||
      (this.#state === 'padding' && this.#needed === this.#padding);
    if (finished) return;
    const where = this.#entry === '' ? '' : ` in or behind ${JSON.stringify(this.#entry)}`;
    throw new ArchiveError('ERR_TAR_TRUNCATED', `the archive ends too early${where}`, { entry: this.#entry });
  }

  #take(piece: Uint8Array): void {
    this.#needed -= piece.length;
    if (this.#state === 'body') this.#sink.data?.(piece);
    else if (this.#state === 'padding') this.#sink.segment?.(piece);
    else {
      this.#pending.push(piece);
      this.#pendingLength += piece.length;
    }
    if (this.#needed === 0) this.#complete();
  }

  #complete(): void {
    if (this.#state === 'body') this.#endBody();
    else if (this.#state === 'padding') this.#expect('header', BLOCK_SIZE);
    else {
      const bytes = concatenate(this.#pending);
      this.#pending = [];
      this.#pendingLength = 0;
      this.#sink.segment?.(bytes);
      if (this.#state === 'extension') this.#endExtension(bytes);
      else this.#block(bytes);
    }
  }

  #expect(state: State, needed: number): void {
    this.#state = state;
    this.#needed = needed;
  }

  #block(block: Uint8Array): void {
    if (isZeroBlock(block)) {
      this.#zeroBlock();
      return;
    }
    if (this.#state === 'secondZero') {
      throw new ArchiveError('ERR_TAR_HEADER', 'a single zero block stands between entries');
    }
    const header = parseHeader(block);
    const { type } = header;
    if (type === XHDTYPE || type === XGLTYPE || type === GNUTYPE_LONGNAME || type === GNUTYPE_LONGLINK) {
      this.#beginExtension(header);
    } else this.#beginEntry(header);
  }

  #zeroBlock(): void {
    if (this.#records.size > 0) {
      throw new ArchiveError('ERR_TAR_TRUNCATED', 'the archive ends behind an extended header');
    }
    if (this.#state === 'secondZero') this.#expect('remainder', 0);
    else this.#expect('secondZero', BLOCK_SIZE);
  }

  #beginExtension(header: TarHeader): void {
    if (header.size > EXTENSION_MAX) {
      const message = `an extended header of ${header.size} bytes`;
      throw new ArchiveError('ERR_TAR_SIZE', message, { entry: header.name });
    }
    this.#extensionType = header.type;
    this.#padding = paddingOf(header.size);
    if (header.type === XGLTYPE) this.#sink.entry?.({ ...header, size: 0 });
    this.#expect('extension', header.size + this.#padding);
    if (header.size === 0) this.#endExtension(new Uint8Array(0));
  }

  #endExtension(padded: Uint8Array): void {
    const body = padded.subarray(0, padded.length - this.#padding);
    const type = this.#extensionType;
    if (type === GNUTYPE_LONGNAME) this.#records.set('path', encodeName(textOf(body)));
    else if (type === GNUTYPE_LONGLINK) this.#records.set('linkpath', encodeName(textOf(body)));
    else {
      const records = parseRecords(body);
      if (type === XHDTYPE) for (const [key, value] of records) this.#records.set(key, value);
      else this.#endGlobal();
    }
    this.#expect('header', BLOCK_SIZE);
  }

  /** To Go a global header is an entry: what stood before it was meant for it, and is not for the next one. */
  #endGlobal(): void {
    this.#records = new Map();
    this.#sink.entryEnd?.();
  }

  #beginEntry(plain: TarHeader): void {
    const header = this.#records.size === 0 ? plain : mergeRecords(plain, this.#records);
    if (header.type === GNUTYPE_SPARSE) {
      const message = `${JSON.stringify(header.name)}: sparse files are not supported`;
      throw new ArchiveError('ERR_TAR_SPARSE', message, { entry: header.name });
    }
    this.#records = new Map();
    this.#entry = header.name;
    const size = bodySizeOf(header);
    this.#padding = paddingOf(size);
    this.#sink.entry?.(size === header.size ? header : { ...header, size });
    this.#expect('body', size);
    if (size === 0) this.#endBody();
  }

  #endBody(): void {
    this.#sink.entryEnd?.();
    if (this.#padding > 0) this.#expect('padding', this.#padding);
    else this.#expect('header', BLOCK_SIZE);
  }
}

/**
 * The entries of a whole archive, bodies as views of its bytes.
 *
 * @throws ArchiveError `ERR_TAR_…` at the entry where the archive is found to be broken
 */
export function* readArchive(archive: Uint8Array | Iterable<Uint8Array>): Generator<TarEntry, void> {
  let done: TarEntry[] = [];
  let body: Uint8Array[] = [];
  let header: TarHeader | undefined;
  const reader = new TarReader({
    entry(begun) {
      header = begun;
      body = [];
    },
    data: (bytes) => body.push(bytes),
    entryEnd: () => done.push({ header: header!, body: archive instanceof Uint8Array ? rejoin(body) : body }),
  });
  for (const chunk of archive instanceof Uint8Array ? windowsOf(archive) : archive) {
    reader.write(chunk);
    yield* done;
    done = [];
  }
  reader.end();
}

/** Neighbouring views of one buffer as one view. */
function rejoin(views: Uint8Array[]): Uint8Array[] {
  const [first, ...others] = views;
  if (first === undefined || others.length === 0) return views;
  const length = others.reduce((sum, view) => sum + view.length, first.length);
  return [new Uint8Array(first.buffer, first.byteOffset, length)];
}

/** Views of at most 64 KiB, so that a reader of the first entries does not pay for the last. */
function* windowsOf(archive: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < archive.length; at += 0x10000) yield archive.subarray(at, at + 0x10000);
}
