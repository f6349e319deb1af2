/** Scenarios of files and what they hold. */
import { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../abi/flags.ts';
import { append, get, mkdir, open, overwrite, put, truncate, unlink, type PlainOperation } from './plain-operations.ts';
import type { Scenario } from './scenario.ts';

const write = (slot: number, letter: string, length: number): PlainOperation => ({
  call: 'write',
  slot,
  letter,
  length,
});
const read = (slot: number): PlainOperation => ({ call: 'read', slot, length: 100 });
const seek = (slot: number, offset: number, whence = 0): PlainOperation => ({ call: 'lseek', slot, offset, whence });
const close = (slot: number): PlainOperation => ({ call: 'close', slot });

/** What files hold, and who may read and write it. */
export const fileScenarios: readonly Scenario[] = [
  {
    name: 'a file is made, read, appended to, overwritten, cut, emptied and removed',
    operations: [
      ...put('f', 'a', 10),
      ...get('f'),
      ...append('f', 'b'),
      ...overwrite('f', 4, 'c'),
      ...get('f'),
      truncate('f', 6),
      ...get('f'),
      ...put('f', 'd', 0),
      ...get('f'),
      unlink('f'),
      ...get('f'),
    ],
  },
  {
    name: 'a file grows over a hole, which reads as zeros',
    operations: [...put('f', 'a'), ...overwrite('f', 5000, 'b'), ...get('f'), truncate('f', 9000), ...get('f')],
  },
  {
    name: 'a file that is cut short and grows again has forgotten what was there',
    operations: [...put('f', 'a', 4200), truncate('f', 2), truncate('f', 4200), ...get('f')],
  },
  {
    name: 'two descriptors of a file have positions of their own and see each other write',
    operations: [
      ...put('f', 'a', 8),
      open(0, 'f', O_RDWR),
      open(1, 'f', O_RDWR),
      write(0, 'b', 3),
      read(1),
      seek(1, 2),
      write(1, 'c', 2),
      seek(0, 0),
      read(0),
      seek(0, -3, 2),
      read(0),
      close(0),
      close(1),
    ],
  },
  {
    name: 'a file without a name lives as long as it is open',
    operations: [
      ...put('f', 'a'),
      open(0, 'f', O_RDWR),
      unlink('f'),
      write(0, 'b', 2),
      ...put('f', 'n', 1),
      seek(0, 0),
      read(0),
      close(0),
      ...get('f'),
    ],
  },
  {
    name: 'descriptors may do what they were opened for and nothing else',
    operations: [
      ...put('f', 'a'),
      open(0, 'f', O_RDONLY),
      write(0, 'x', 1),
      { call: 'ftruncate', slot: 0, size: 0 },
      close(0),
      open(0, 'f', O_WRONLY),
      read(0),
      { call: 'ftruncate', slot: 0, size: 2 },
      seek(0, -1),
      close(0),
      close(0),
      ...get('f'),
    ],
  },
  {
    name: 'what O_CREAT, O_EXCL and O_TRUNC make of what is there',
    operations: [
      open(0, 'f', O_CREAT | O_EXCL | O_WRONLY),
      write(0, 'a', 3),
      close(0),
      open(0, 'f', O_CREAT | O_EXCL | O_WRONLY),
      ...get('f'),
      open(0, 'f', O_CREAT | O_TRUNC | O_WRONLY),
      close(0),
      ...get('f'),
      mkdir('d'),
      open(0, 'd', O_CREAT | O_RDONLY),
      open(0, 'd', O_WRONLY),
      open(0, 'd/', O_RDONLY),
      open(0, 'd/new/', O_CREAT | O_WRONLY),
      open(0, 'f/', O_RDONLY),
      open(0, 'missing', O_RDWR),
    ],
  },
  {
    name: 'sizes that are no sizes',
    operations: [
      ...put('f', 'a'),
      truncate('f', -1),
      truncate('missing', 1),
      mkdir('d'),
      truncate('d', 1),
      ...get('d'),
    ],
  },
];
