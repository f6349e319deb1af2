/** What each mount option changes, in counts that the benchmark prints. */
import { expect, test } from 'vitest';
import { measureEffects } from '../../../../bench/effects.ts';
import * as library from '../../../../src/index.ts';

const SIZE = 256 * 2 ** 20;

test('options of overlayfs have these effects', () => {
  const effects = measureEffects(library).map(({ option, counted, off, on }) => [`${option}: ${counted}`, off, on]);
  const directory = 'redirect_dir: mv of a lower directory of 1,000 files';
  expect(effects).toEqual([
    ['metacopy: chmod of 256 MiB: bytes copied up', SIZE, 0],
    ['metacopy: chmod of 256 MiB: bytes in the upper layer', SIZE, 0],
    ['metacopy: first write behind the chmod: bytes copied up', 0, SIZE],
    [`${directory}: EXDEV`, 1, 0],
    [`${directory}: system calls`, 10_009, 1],
    [`${directory}: objects in the upper layer`, 1002, 2],
    [`${directory}: bytes in the upper layer`, 1000 * 4096, 0],
    ['index: one of 3 links written: names that show it', 1, 3],
    ['index: one of 3 links written: links of its inode in the union', 1, 3],
    ['index: one of 3 links written: inodes in upper and index', 1, 1],
    ['index: one of 3 links written: names in upper and index', 1, 2],
    ['nfs_export: 2 directories with 5 files copied up: copy-ups', 12, 12],
    ['nfs_export: 2 directories with 5 files copied up: entries in the index', 0, 12],
    ['volatile: fsync: flushes of the upper layer', 1, 0],
    ['volatile: syncfs: flushes of the upper layer', 1, 0],
    ['xino: layers on two filesystems: devices in the union', 3, 1],
    ['xino: layers on two filesystems: files whose device or number changes by copy-up', 0, 0],
  ]);
});
