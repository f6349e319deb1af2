/** The lines of a stream: an async iterator that also emits `line` and `close`, as node:readline's interface does. */
import { EventEmitter } from '@jsonjoy.com/fs-node-builtins/lib/events.js';
import type { Readable } from '@jsonjoy.com/fs-node-builtins/lib/stream.js';

/** How many lines may wait before reading pauses. */
const MANY = 1024;

export class Lines extends EventEmitter {
  readonly #source: Readable;
  /** Lines that came while nobody asked. */
  readonly #waiting: string[] = [];
  #rest = '';
  #ended = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(source: Readable) {
    super();
    this.#source = source;
    source.setEncoding('utf8');
    source.on('data', (text: string) => this.#take(text));
    source.on('end', () => this.#end());
    source.on('close', () => this.close());
    source.on('error', (error) => this.#fail(error));
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#source.destroy();
    this.emit('close');
    this.#wake?.();
  }

  pause(): this {
    this.#source.pause();
    return this;
  }

  resume(): this {
    this.#source.resume();
    return this;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, undefined> {
    try {
      for (;;) {
        while (this.#waiting.length > 0) yield this.#waiting.shift()!;
        this.#source.resume();
        if (this.#error !== undefined) throw this.#error;
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.close();
    }
  }

  /** A `\r` at the end of a chunk may be the first half of `\r\n`. */
  #take(text: string): void {
    const all = this.#rest + text;
    const held = all.endsWith('\r') ? 1 : 0;
    const lines = all.slice(0, all.length - held).split(/\r\n|\n|\r/);
    this.#rest = lines.pop()! + all.slice(all.length - held);
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (!this.emit('line', line)) this.#waiting.push(line);
    if (this.#waiting.length > MANY) this.#source.pause();
    this.#wake?.();
  }

  #end(): void {
    if (this.#rest !== '') this.#line(this.#rest.replace(/\r$/, ''));
    this.#rest = '';
    this.close();
  }

  #fail(error: unknown): void {
    this.#error = error;
    if (this.listenerCount('error') > 0) this.emit('error', error);
    this.close();
  }
}
