/** The requests of ioctl(2) about file attributes, in the forms that the real kernel takes and gives. */
import {
  FS_IOC_FSGETXATTR,
  FS_IOC_FSSETXATTR,
  FS_IOC_GETFLAGS,
  FS_IOC_SETFLAGS,
  type Fsxattr,
} from '../../src/abi/fileattr.ts';
import { checked, libc } from './linux-libc.ts';

/** The size of `struct fsxattr`, and more than any other argument takes. */
const buffer = Buffer.alloc(28);

/** Hands a request over; one that is not about attributes gets an argument of zeros. */
export function ioctl(fd: number, request: number, argument: unknown): unknown {
  buffer.fill(0);
  if (request === FS_IOC_SETFLAGS) buffer.writeUInt32LE(argument as number, 0);
  else if (request === FS_IOC_FSSETXATTR) writeFsxattr(argument as Fsxattr);
  checked(libc.ioctl(fd, request, buffer), 'ioctl');
  if (request === FS_IOC_GETFLAGS) return buffer.readUInt32LE(0);
  return request === FS_IOC_FSGETXATTR ? readFsxattr() : undefined;
}

/** @see struct fsxattr */
function writeFsxattr({ xflags, extsize, nextents, projid, cowextsize }: Fsxattr): void {
  for (const [i, value] of [xflags, extsize, nextents, projid, cowextsize].entries()) {
    buffer.writeUInt32LE(value >>> 0, i * 4);
  }
}

function readFsxattr(): Fsxattr {
  const [xflags, extsize, nextents, projid, cowextsize] = [0, 4, 8, 12, 16].map((at) => buffer.readUInt32LE(at));
  return { xflags: xflags!, extsize: extsize!, nextents: nextents!, projid: projid!, cowextsize: cowextsize! };
}
