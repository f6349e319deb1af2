/** Everything that this version of Node has is there. */
import * as nodeFs from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createFs } from '../../../src/fs/create-fs.ts';
import { createMachine } from '../../../src/union/create-machine.ts';

const fs = createFs(createMachine().task);
const node = (nodeFs as any).default as Record<string, any>;
const ours = fs as unknown as Record<string, any>;

/** Names that Node has for itself: an experimental class of its own. */
const privateToNode = new Set(['Utf8Stream']);

const kindOf = (value: unknown): string => (value === null ? 'null' : typeof value);

describe('members', () => {
  test.each(Object.keys(node).filter((name) => !privateToNode.has(name)))('fs.%s', (name) => {
    expect(name in ours).toBe(true);
    expect(kindOf(ours[name])).toBe(kindOf(node[name]));
  });

  test.each(Object.keys(node.promises))('fs.promises.%s', (name) => {
    expect(kindOf(ours.promises[name])).toBe(kindOf(node.promises[name]));
  });

  test('constants have the values of Linux', () => {
    expect(fs.constants).toEqual(expect.objectContaining(node.constants));
    expect(fs.promises.constants).toBe(fs.constants);
    expect([ours['F_OK'], ours['R_OK'], ours['W_OK'], ours['X_OK']]).toEqual([0, 4, 2, 1]);
  });

  test.each(['Stats', 'Dirent', 'Dir', 'ReadStream', 'WriteStream'])('methods of %s', (name) => {
    const known = Object.getOwnPropertyNames(node[name].prototype);
    const hidden = ['_checkModeProperty', 'processReadResult', 'readSyncRecursive', 'processHandlerQueue', 'open'];
    for (const method of known.filter((at) => !hidden.includes(at) && !at.startsWith('_')))
      expect(method in ours[name].prototype, method).toBe(true);
  });

  test('methods of FileHandle', async () => {
    fs.writeFileSync('/f', '');
    const handle = await fs.promises.open('/f');
    const real = await node.promises.open('/dev/null');
    const known = Object.getOwnPropertyNames(Object.getPrototypeOf(real));
    for (const name of [...known, 'close']) expect(name in handle, name).toBe(true);
    expect(typeof handle[Symbol.asyncDispose as never]).toBe('function');
    await handle.close();
    await real.close();
  });

  test('functions can be taken off the object', () => {
    const { writeFileSync, readFileSync, existsSync } = fs;
    writeFileSync('/taken', 'x');
    expect([readFileSync('/taken', 'utf8'), existsSync('/none')]).toEqual(['x', false]);
  });

  test('glob is there on every version of Node', () => {
    for (const name of ['glob', 'globSync']) expect(typeof ours[name]).toBe('function');
    expect(typeof ours.promises.glob).toBe('function');
  });
});

describe('util.promisify', () => {
  test('answers by name where Node does', async () => {
    fs.writeFileSync('/p', 'abc');
    const fd = fs.openSync('/p', 'r+');
    const read = await promisify(fs.read)(fd, Buffer.alloc(2), 0, 2, 0);
    expect([read.bytesRead, read.buffer.toString()]).toEqual([2, 'ab']);
    const written = await promisify(fs.write)(fd, Buffer.from('Z'), 0, 1, 0);
    expect(written.bytesWritten).toBe(1);
    expect((await promisify(fs.writev)(fd, [Buffer.from('Y')], 1)).bytesWritten).toBe(1);
    expect((await promisify(fs.readv)(fd, [Buffer.alloc(3)], 0)).bytesRead).toBe(3);
    expect(await promisify(fs.exists)('/p')).toBe(true);
    expect((await promisify(fs.stat)('/p')).size).toBe(3);
    expect(await promisify(fs.readFile)('/p', 'utf8')).toBe('ZYc');
    fs.closeSync(fd);
  });
});
