/** Taking in a layer: whole, or not at all. */
import { describe, expect, it } from 'vitest';
import { nodeCodecs } from '../../../src/archive/node-codecs.ts';
import { diffID } from '../../../src/layer/digest.ts';
import { golden } from '../archive/golden.ts';
import { makeTar } from '../archive/make-tar.ts';
import { bootStore, bytesOf, commitFiles, countedIDs, drivers, listing } from './booted-store.ts';

const coded = (code: string, message?: string) =>
  expect.objectContaining(message === undefined ? { code } : { code, message });
const tar = makeTar('d/', 'd/f = some text', 'd/link => d/f');

describe.each(drivers)('an ingest over %s', (_, type) => {
  /** A store with a base, and what its folders hold. */
  function prepared() {
    const booted = bootStore(type());
    const base = booted.store.register(makeTar('base = base'));
    booted.store.begin(base.chainID).abort();
    const { fs, store } = booted;
    const before = listing(fs, '/var/lib/docker');
    const expectUntouched = (): void => {
      expect(listing(fs, '/var/lib/docker')).toEqual(before);
      expect(store.check({ tars: true })).toEqual([]);
      expect(store.layers).toHaveLength(1);
    };
    return { ...booted, base, expectUntouched };
  }

  it('leaves nothing behind when it is given up', () => {
    const { store, base, expectUntouched } = prepared();
    const ingest = store.begin(base.chainID);
    expect(ingest.isOpen).toBe(true);
    ingest.write(tar.subarray(0, 1100));
    expect(store.check()).toEqual([]);
    ingest.abort();
    ingest.abort();
    expectUntouched();
    const ended = coded('ERR_LAYER_INGEST', `the ingest of layer ${ingest.cacheID} has ended`);
    expect(ingest.isOpen).toBe(false);
    expect(() => ingest.write(tar)).toThrow(ended);
    expect(() => ingest.commit()).toThrow(ended);
    expect(store.release(base)).toHaveLength(1);
  });

  it.each([
    ['ends too early', tar.subarray(0, 1300), 'ERR_TAR_TRUNCATED'],
    ['is no tar', new Uint8Array(600).fill(0x41), 'ERR_TAR_HEADER'],
    ['has a path twice', makeTar('a = 1', './a = 2'), 'ERR_TAR_DUPLICATE'],
    ['cannot be unpacked', makeTar('a => nowhere'), 'ERR_TAR_APPLY'],
  ])('leaves nothing behind of a tar that %s', (_name, broken, code) => {
    const { store, base, expectUntouched } = prepared();
    expect(() => store.register(broken, base.chainID)).toThrow(coded(code));
    expectUntouched();
    const ingest = store.begin(base.chainID);
    expect(() => {
      for (let at = 0; at < broken.length; at += 100) ingest.write(broken.subarray(at, at + 100));
      ingest.commit();
    }).toThrow(coded(code));
    expect(ingest.isOpen).toBe(false);
    expectUntouched();
  });

  it('leaves nothing behind when the bytes stop coming', () => {
    const { store, base, expectUntouched } = prepared();
    const chunks = function* (): Generator<Uint8Array> {
      yield tar.subarray(0, 1500);
      throw new Error('connection reset');
    };
    expect(() => store.register(chunks(), base.chainID)).toThrow('connection reset');
    expectUntouched();
  });

  it('refuses what was not announced', () => {
    const { store, base, expectUntouched } = prepared();
    const announced = base.diffID;
    const ingest = store.begin(base.chainID);
    ingest.write(tar);
    const message = `invalid diffID for layer: expected "${announced}", got "${diffID(nodeCodecs.sha256, tar)}"`;
    expect(() => ingest.commit(announced)).toThrow(coded('ERR_LAYER_DIFF_ID', message));
    expectUntouched();
  });

  it('needs a parent that is there', () => {
    const { store, expectUntouched } = prepared();
    const missing = diffID(nodeCodecs.sha256, tar);
    expect(() => store.begin(missing)).toThrow(coded('ERR_LAYER_NOT_FOUND', 'layer does not exist'));
    expect(() => store.get(missing)).toThrow(coded('ERR_LAYER_NOT_FOUND', 'layer does not exist'));
    expectUntouched();
  });

  it('keeps its parent until it ends', () => {
    const { store, base } = prepared();
    const given = store.begin(base.chainID);
    const kept = store.begin(base.chainID);
    expect(store.release(base)).toEqual([]);
    given.abort();
    kept.write(tar);
    const layer = kept.commit();
    expect(store.release(layer).map(({ chainID }) => chainID)).toEqual([layer.chainID, base.chainID]);
    expect(store.check()).toEqual([]);
  });

  it('takes bytes whenever they come, several layers at once', async () => {
    const booted = prepared();
    const { store, base, fs, driver } = booted;
    const pull = async (bytes: Uint8Array, step: number) => {
      const ingest = store.begin(base.chainID);
      for (let at = 0; at < bytes.length; at += step) {
        await Promise.resolve();
        ingest.write(bytes.subarray(at, at + step));
      }
      return ingest.commit(diffID(nodeCodecs.sha256, bytes));
    };
    const child = golden('layer/child.tar');
    const pulled = await Promise.all([pull(child, 700), pull(tar, 9), pull(child, 10000), pull(tar, 513)]);
    expect(pulled[0]!.cacheID).toBe(pulled[2]!.cacheID);
    expect(pulled[1]!.cacheID).toBe(pulled[3]!.cacheID);
    expect(pulled.map((layer) => bytesOf(layer.tar()))).toEqual([child, tar, child, tar]);
    expect(store.layers).toHaveLength(3);
    expect(store.check({ tars: true })).toEqual([]);
    expect(
      pulled
        .flatMap((layer) => store.release(layer))
        .map(({ chainID }) => chainID)
        .sort(),
    ).toEqual([pulled[0]!.chainID, pulled[1]!.chainID].sort());
    expect(fs.existsSync(driver.home)).toBe(true);
  });

  it('keeps what follows the end of the archive', () => {
    const { store, base } = prepared();
    const trailed = new Uint8Array([...tar, ...new Uint8Array(9216), 1, 2, 3]);
    const layer = store.register(
      [trailed.subarray(0, tar.length - 10), trailed.subarray(tar.length - 10)],
      base.chainID,
    );
    expect(bytesOf(layer.tar())).toEqual(trailed);
    expect(layer.diffID).toBe(diffID(nodeCodecs.sha256, trailed));
  });

  it('takes ids from where it is told', () => {
    const { store } = bootStore(type(), countedIDs());
    expect(store.register(tar).cacheID).toBe(`a${'1'.padStart(63, '0')}`);
    expect(store.createRWLayer('c').mountID).toBe(`a${'2'.padStart(63, '0')}`);
  });

  it('draws the same ids from the same seed', () => {
    const ids = () => commitFiles(bootStore(type()), undefined, { a: 'a' }).cacheID;
    expect(ids()).toBe(ids());
    expect(ids()).toMatch(/^[0-9a-f]{64}$/);
  });

  it('shows nothing any more when a loop over a tar breaks off', () => {
    const { store, base, fs, driver, task } = prepared();
    const layer = store.register(golden('layer/child.tar'), base.chainID);
    const mounts = fs.readFileSync('/proc/mounts', 'utf8');
    const open = () => fs.readdirSync(`/proc/${task.pid}/fd`).length;
    const before = open();
    for (const _chunk of layer.tar()) break;
    for (const _chunk of layer.tarFrom(base.chainID)) break;
    expect(fs.readFileSync('/proc/mounts', 'utf8')).toBe(mounts);
    expect(open()).toBe(before);
    expect(driver.exists(layer.cacheID)).toBe(true);
    expect(store.release(layer)).toHaveLength(1);
  });
});
