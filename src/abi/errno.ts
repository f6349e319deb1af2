/**
 * Error numbers: the words in which a system call says no.
 *
 * Below the door everything throws {@link Errno}, which carries a code and nothing else; the door itself
 * (`kernel/task.ts`) completes it to an {@link ErrnoException} in Node's shape.
 *
 * @see errno(3), include/uapi/asm-generic/errno-base.h
 */
const table = {
  EPERM: [1, 'operation not permitted'],
  ENOENT: [2, 'no such file or directory'],
  ESRCH: [3, 'no such process'],
  EINTR: [4, 'interrupted system call'],
  EIO: [5, 'i/o error'],
  ENXIO: [6, 'no such device or address'],
  E2BIG: [7, 'argument list too long'],
  ENOEXEC: [8, 'exec format error'],
  EBADF: [9, 'bad file descriptor'],
  EAGAIN: [11, 'resource temporarily unavailable'],
  ENOMEM: [12, 'not enough memory'],
  EACCES: [13, 'permission denied'],
  EFAULT: [14, 'bad address in system call argument'],
  ENOTBLK: [15, 'block device required'],
  EBUSY: [16, 'resource busy or locked'],
  EEXIST: [17, 'file already exists'],
  EXDEV: [18, 'cross-device link not permitted'],
  ENODEV: [19, 'no such device'],
  ENOTDIR: [20, 'not a directory'],
  EISDIR: [21, 'illegal operation on a directory'],
  EINVAL: [22, 'invalid argument'],
  ENFILE: [23, 'file table overflow'],
  EMFILE: [24, 'too many open files'],
  ENOTTY: [25, 'inappropriate ioctl for device'],
  ETXTBSY: [26, 'text file is busy'],
  EFBIG: [27, 'file too large'],
  ENOSPC: [28, 'no space left on device'],
  ESPIPE: [29, 'invalid seek'],
  EROFS: [30, 'read-only file system'],
  EMLINK: [31, 'too many links'],
  EPIPE: [32, 'broken pipe'],
  EDOM: [33, 'numerical argument out of domain'],
  ERANGE: [34, 'result too large'],
  EDEADLK: [35, 'resource deadlock would occur'],
  ENAMETOOLONG: [36, 'name too long'],
  ENOSYS: [38, 'function not implemented'],
  ENOTEMPTY: [39, 'directory not empty'],
  ELOOP: [40, 'too many symbolic links encountered'],
  ENODATA: [61, 'no data available'],
  EOVERFLOW: [75, 'value too large for defined data type'],
  EUCLEAN: [117, 'structure needs cleaning'],
  EOPNOTSUPP: [95, 'operation not supported on socket'],
  ESTALE: [116, 'stale file handle'],
  EDQUOT: [122, 'disk quota exceeded'],
} as const satisfies Record<string, readonly [number, string]>;

/** The name of an error number, as in `errno.h`. */
export type ErrnoCode = keyof typeof table;

/** Every code that the kernel knows. */
export const errnoCodes = Object.keys(table) as readonly ErrnoCode[];

/** The positive number of `code`, as in `errno.h`. */
export function errnoNumber(code: ErrnoCode): number {
  return table[code][0];
}

/** The words that Node prints for `code`. */
export function errnoMessage(code: ErrnoCode): string {
  return table[code][1];
}

/**
 * A refusal inside the kernel. There is one instance for each code and it holds no stack: raising it costs no
 * more than the unwinding, so that a lookup that finds nothing stays cheap.
 */
export class Errno {
  readonly code: ErrnoCode;

  constructor(code: ErrnoCode) {
    this.code = code;
  }
}

const instances = new Map<ErrnoCode, Errno>(errnoCodes.map((code) => [code, new Errno(code)]));

/** Refuses the current system call with `code`. */
export function raise(code: ErrnoCode): never {
  throw instances.get(code)!;
}

/** A failed system call in the shape that Node gives it: what callers of the machine catch. */
export class ErrnoException extends Error {
  declare readonly code: ErrnoCode;
  /** The negative error number, as in Node. */
  declare readonly errno: number;
  declare readonly syscall: string;
  // only declared: an error that is about no path has no such property
  declare readonly path?: string;
  declare readonly dest?: string;

  constructor(code: ErrnoCode, syscall: string, path?: string, dest?: string) {
    const where = path === undefined ? '' : ` '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`;
    super(`${code}: ${errnoMessage(code)}, ${syscall}${where}`);
    this.errno = -errnoNumber(code);
    this.code = code;
    this.syscall = syscall;
    if (path !== undefined) this.path = path;
    if (dest !== undefined) this.dest = dest;
  }
}

/** Whether a step that may fail has worked. */
export function attempt(step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    return false;
  }
}
