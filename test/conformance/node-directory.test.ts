/** What node:fs does in a real directory is what the model, a union and our own node:fs do. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesystemSuite } from '../../src/testing/filesystem/filesystem-suite.ts';
import { type NodeFs, nodeDirectory } from '../../src/testing/filesystem/node-directory.ts';
import { type MountedDirectory, posixModel } from '../../src/testing/filesystem/oracle.ts';
import { describeOnHost, emptyUnion, ownNodeFs, runCases } from './directories.ts';

let made = 0;
const base = join(tmpdir(), `lowerdir-conformance-${process.pid}`);

/** A real directory by way of node:fs. */
function realDirectory(): MountedDirectory {
  made++;
  fs.mkdirSync(base, { recursive: true });
  return nodeDirectory(fs as unknown as NodeFs, join(base, String(made)));
}

const umask = process.umask();
beforeAll(() => {
  process.umask(0);
});
afterAll(() => {
  process.umask(umask);
  fs.rmSync(base, { recursive: true, force: true });
});

describeOnHost('by node:fs in a real directory', () => {
  describe('the model', () => runCases({ filesystem: () => posixModel(), oracle: realDirectory }));
  describe('a union', () => runCases({ filesystem: emptyUnion, oracle: realDirectory }));
  describe('our own node:fs', () =>
    runCases({
      filesystem: ownNodeFs,
      oracle: realDirectory,
    }));

  it('leaves out what node:fs has no call for', () => {
    const cases = filesystemSuite({ filesystem: () => posixModel(), oracle: realDirectory });
    const skipped = cases.flatMap(({ name, skip }) => (skip === undefined ? [] : [`${name}: ${skip}`]));
    expect(skipped).toMatchInlineSnapshot(`
      [
        "a file is made, read, appended to, overwritten, cut, emptied and removed: there is no lseek, truncate",
        "a file grows over a hole, which reads as zeros: there is no lseek, truncate",
        "a file that is cut short and grows again has forgotten what was there: there is no truncate",
        "two descriptors of a file have positions of their own and see each other write: there is no lseek",
        "a file without a name lives as long as it is open: there is no lseek",
        "descriptors may do what they were opened for and nothing else: there is no lseek",
        "sizes that are no sizes: there is no truncate",
        "a name that was removed can be made again, as something else: there is no mknod",
        "writing, linking and removing mark the times of the file and of its directory: there is no truncate, setxattr",
        "fifos and devices are made, renamed, linked and removed like files: there is no mknod, truncate",
        "extended attributes are set, replaced, told and removed: there is no setxattr, getxattr, removexattr",
        "a file that is written to or given away loses its capabilities: there is no setxattr, getxattr, truncate",
      ]
    `);
  });
});
