import { PAGE_SIZE } from '../../../src/abi/flags.ts';

/** How far the model reaches. */
export const SIZE = 16 * PAGE_SIZE;

type Page = 'hole' | 'unwritten' | 'data';

/** A file as plain bytes and one state for each page: what an extent map must look like from outside. */
export class ModelFile {
  bytes = new Uint8Array(SIZE);
  states: Page[] = new Array(SIZE / PAGE_SIZE).fill('hole');

  static of(bytes: Uint8Array): ModelFile {
    const model = new ModelFile();
    model.write(bytes, 0);
    return model;
  }

  copyOf(): ModelFile {
    const model = new ModelFile();
    model.bytes = this.bytes.slice();
    model.states = this.states.slice();
    return model;
  }

  /** The page that ends last among those allocated. */
  end(): number {
    const last = this.states.findLastIndex((state) => state !== 'hole');
    const page = last * PAGE_SIZE;
    if (last < 0) return 0;
    const used = this.bytes.subarray(page, page + PAGE_SIZE).findLastIndex((byte) => byte !== 0);
    return this.states[last] === 'data' ? page + used + 1 : page + PAGE_SIZE;
  }

  pages(): number {
    return this.states.filter((state) => state !== 'hole').length;
  }

  write(bytes: Uint8Array, offset: number): void {
    this.bytes.set(bytes, offset);
    for (const page of touched(offset, bytes.length)) this.states[page] = 'data';
  }

  fill(offset: number, length: number): void {
    for (const page of touched(offset, length)) if (this.states[page] === 'hole') this.states[page] = 'unwritten';
  }

  zero(offset: number, length: number): void {
    this.fill(offset, length);
    this.bytes.fill(0, offset, offset + length);
    for (const page of whole(offset, length)) this.states[page] = 'unwritten';
  }

  punch(offset: number, length: number): void {
    this.bytes.fill(0, offset, offset + length);
    for (const page of whole(offset, length)) this.states[page] = 'hole';
  }

  truncate(size: number): void {
    this.punch(size, SIZE - size);
  }

  collapse(offset: number, length: number): void {
    const stop = Math.min(SIZE, offset + length);
    this.bytes.copyWithin(offset, stop);
    this.bytes.fill(0, SIZE - (stop - offset));
    this.states.splice(offset / PAGE_SIZE, (stop - offset) / PAGE_SIZE);
    while (this.states.length < SIZE / PAGE_SIZE) this.states.push('hole');
  }

  insert(offset: number, length: number): void {
    this.bytes.copyWithin(offset + length, offset, SIZE - length);
    this.bytes.fill(0, offset, offset + length);
    this.states.splice(offset / PAGE_SIZE, 0, ...new Array(length / PAGE_SIZE).fill('hole'));
    this.states.length = SIZE / PAGE_SIZE;
  }

  copy(from: ModelFile, fromOffset: number, toOffset: number, length: number, clone: boolean): void {
    const states = from.states.slice();
    const isAligned = (toOffset - fromOffset) % PAGE_SIZE === 0;
    this.write(from.bytes.slice(fromOffset, fromOffset + length), toOffset);
    if (!clone || !isAligned) return;
    for (const page of whole(toOffset, length)) this.states[page] = states[page + (fromOffset - toOffset) / PAGE_SIZE]!;
  }

  missing(offset: number, length: number): number {
    return touched(offset, length).filter((page) => (this.states[page] ?? 'hole') === 'hole').length;
  }

  seekData(offset: number, size: number): number | undefined {
    const found = this.firstPage(offset, size, true);
    return found < size ? found : undefined;
  }

  seekHole(offset: number, size: number): number {
    return Math.min(size, this.firstPage(offset, size, false));
  }

  private firstPage(offset: number, size: number, isData: boolean): number {
    let at = offset;
    while (at < size && this.isData(at) !== isData) at = (Math.floor(at / PAGE_SIZE) + 1) * PAGE_SIZE;
    return at;
  }

  private isData(at: number): boolean {
    return this.states[Math.floor(at / PAGE_SIZE)] === 'data';
  }
}

/** The pages that a range touches. */
function touched(offset: number, length: number): number[] {
  if (length === 0) return [];
  return range(Math.floor(offset / PAGE_SIZE), Math.ceil((offset + length) / PAGE_SIZE));
}

/** The pages that lie wholly in a range. */
function whole(offset: number, length: number): number[] {
  return range(Math.ceil(offset / PAGE_SIZE), Math.floor((offset + length) / PAGE_SIZE));
}

function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
}
