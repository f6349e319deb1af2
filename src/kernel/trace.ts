/**
 * The traced door: every operation passes here as a typed event before it takes effect, one kind for each floor. A
 * listener may count, or throw: an `Errno` makes the operation fail with it, {@link MachineStopped} stops the machine
 * where it stands. Without listeners an operation pays for one test of `active`.
 */
import type { ErrnoCode } from '../abi/errno.ts';

/**
 * What is about to happen, one kind for each floor. Offsets and bytes count bytes; `dev` and `ino` are as stat(2)
 * tells them.
 */
export type TraceEvent =
  | {
      readonly kind: 'syscall';
      readonly pid: number;
      readonly call: string;
      readonly path?: string | undefined;
      readonly dest?: string | undefined;
    }
  | { readonly kind: 'return'; readonly pid: number; readonly call: string; readonly error?: ErrnoCode }
  /** A directory is asked for a name; `layer` counts a union's layers from the top, 0 is the upper one. */
  | {
      readonly kind: 'lookup';
      readonly filesystem: string;
      readonly dev: number;
      readonly directory: number;
      readonly name: string;
      readonly layer?: number;
    }
  | {
      readonly kind: 'data';
      readonly op: 'read' | 'write' | 'fallocate' | 'clone';
      readonly filesystem: string;
      readonly dev: number;
      readonly ino: number;
      readonly offset: number;
      readonly bytes: number;
    }
  | {
      readonly kind: 'metadata';
      readonly op: MetadataOperation;
      readonly filesystem: string;
      readonly dev: number;
      readonly ino: number;
      readonly name?: string;
    }
  /** A union brings a lower object into its upper layer; `bytes` is the file data that is copied. */
  | { readonly kind: 'copy-up'; readonly dev: number; readonly path: string; readonly bytes: number }
  | {
      readonly kind: 'block';
      readonly op: 'read' | 'write' | 'discard';
      readonly dev: number;
      readonly offset: number;
      readonly bytes: number;
    }
  | { readonly kind: 'flush'; readonly filesystem: string; readonly dev: number; readonly ino?: number };

/** What is changed in a directory, or in the attributes of a file. */
export type MetadataOperation =
  | 'create'
  | 'mkdir'
  | 'mknod'
  | 'symlink'
  | 'link'
  | 'unlink'
  | 'rmdir'
  | 'rename'
  | 'tmpfile'
  | 'setattr'
  | 'setxattr'
  | 'removexattr';

/** Is told of each event before it takes effect; what it throws is what the operation fails with. */
export type TraceListener = (event: TraceEvent) => void;

/** The machine stops here, as if the power had gone; see `Machine.restart`. */
export class MachineStopped extends Error {
  readonly event: TraceEvent;

  constructor(event: TraceEvent) {
    super(`the machine was stopped at ${event.kind}${'op' in event ? ` ${event.op}` : ''}`);
    this.name = 'MachineStopped';
    this.event = event;
  }
}

/**
 * Where a machine tells what it does: `machine.kernel.trace`.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * const { kernel, fs } = createMachine();
 * let calls = 0;
 * const stop = kernel.trace.subscribe(({ kind }) => {
 *   if (kind === 'syscall') calls++;
 * });
 * fs.existsSync('/');
 * stop();
 * calls > 0; // => true
 * ```
 */
export class Trace {
  /** Somebody listens: test it before building an event. */
  active = false;
  #listeners: readonly TraceListener[] = [];

  /** Listens until the answer is called. */
  subscribe(listener: TraceListener): () => void {
    this.#listeners = [...this.#listeners, listener];
    this.active = true;
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
      this.active = this.#listeners.length > 0;
    };
  }

  /** Tells every listener; what one throws ends it. */
  emit(event: TraceEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
