/** The door itself: each call makes the task current, tells the trace, and completes what the kernel raised to an error in
 * Node's shape; nothing else happens here. */
import { Errno, type ErrnoCode, ErrnoException } from '../abi/errno.ts';
import type { DescriptorTable, FileSystemContext, TaskContext } from './context.ts';
import type { Credentials } from './credentials.ts';
import type { Kernel } from './kernel.ts';
import type { MountNamespace } from './mount.ts';
import type { ProgramTable } from './program.ts';

export interface TaskParts {
  readonly kernel: Kernel;
  readonly programs: ProgramTable;
  readonly credentials: Credentials;
  readonly fs: FileSystemContext;
  readonly files: DescriptorTable;
  readonly namespace: MountNamespace;
}

export abstract class Door implements TaskContext {
  readonly kernel: Kernel;
  readonly pid: number;
  readonly programs: ProgramTable;
  credentials: Credentials;
  fs: FileSystemContext;
  files: DescriptorTable;
  namespace: MountNamespace;

  constructor(parts: TaskParts, pid = parts.kernel.nextPid()) {
    this.kernel = parts.kernel;
    this.pid = pid;
    this.programs = parts.programs;
    this.credentials = parts.credentials;
    this.fs = parts.fs;
    this.files = parts.files;
    this.namespace = parts.namespace;
    this.kernel.tasks.add(this);
  }

  /** A call begins. */
  protected enter(call: string, path?: string, dest?: string): void {
    const { kernel } = this;
    kernel.current = this;
    kernel.credentials = this.credentials;
    kernel.clock.tick();
    if (kernel.trace.active) this.#tell(call, path, dest);
  }

  /** Apart, so that what runs while nobody listens stays small enough to be inlined. */
  #tell(call: string, path?: string, dest?: string): void {
    this.kernel.trace.emit({ kind: 'syscall', pid: this.pid, call, path, dest });
  }

  #tellReturn(call: string, error?: ErrnoCode): void {
    const { pid } = this;
    this.kernel.trace.emit(error === undefined ? { kind: 'return', pid, call } : { kind: 'return', pid, call, error });
  }

  /** A call was refused: what its caller gets to see. */
  protected refuse(error: unknown, call: string, path?: string, dest?: string): unknown {
    return error instanceof Errno ? this.refusal(error.code, call, path, dest) : error;
  }

  /** What the caller of a refused call gets to see. */
  protected refusal(code: ErrnoCode, call: string, path?: string, dest?: string): ErrnoException {
    if (this.kernel.trace.active) this.#tellReturn(call, code);
    return new ErrnoException(code, call, path, dest);
  }

  protected call<T>(call: string, path: string | undefined, dest: string | undefined, serve: () => T): T {
    try {
      this.enter(call, path, dest);
      const answer = serve();
      if (this.kernel.trace.active) this.#tellReturn(call);
      return answer;
    } catch (error) {
      throw this.refuse(error, call, path, dest);
    }
  }
}
