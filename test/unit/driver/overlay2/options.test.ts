/** Options of the daemon and of one layer; the refusals are those that dockerd 20.10.24 printed. */
import { describe, expect, it } from 'vitest';
import { overlay2 } from '../../../../src/driver/overlay2/index.ts';
import { dockerMachine, HOME, startedDriver } from './machine.ts';

const refusal = (code: string, message: string) => expect.objectContaining({ code, message });

describe('options of the daemon', () => {
  for (const [option, message] of [
    ['overlay2.foo=1', 'overlay2: unknown option overlay2.foo'],
    ['btrfs.min_space=1G', 'overlay2: unknown option btrfs.min_space'],
    ['size=1G', 'overlay2: unknown option size'],
    ['foo', 'Unable to parse key/value option: foo'],
    ['overlay2.size=abc', "invalid size: 'abc'"],
    ['overlay2.size=', "invalid size: ''"],
    ['overlay2.size=-1', "invalid size: '-1'"],
    ['overlay2.size=1.2.3G', 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'],
    ['overlay2.override_kernel_check=maybe', 'strconv.ParseBool: parsing "maybe": invalid syntax'],
  ] as const) {
    it(`refuses ${option}`, () => {
      expect(() => startedDriver([option])).toThrow(refusal('ERR_DRIVER_OPTION', message));
    });
  }

  for (const option of ['overlay2.size=10 G', 'Overlay2.SIZE=1G', ' overlay2.size = 1.5kib ']) {
    it(`refuses ${option} where there is no xfs`, () => {
      const message = 'Storage Option overlay2.size only supported for backingFS XFS. Found tmpfs';
      expect(() => startedDriver([option])).toThrow(refusal('ERR_DRIVER_QUOTA', message));
    });
  }

  for (const option of ['overlay2.size=0', 'overlay2.override_kernel_check=1', 'overlay2.override_kernel_check=F']) {
    it(`takes ${option}`, () => {
      expect(startedDriver([option]).driver.status()[0]).toEqual(['Backing Filesystem', 'tmpfs']);
    });
  }

  it('are read before anything is made', () => {
    const { task, fs } = dockerMachine();
    expect(() => overlay2().init({ task, home: HOME, options: ['foo'] })).toThrow('Unable to parse');
    expect(fs.readdirSync('/var/lib/docker')).toEqual([]);
  });
});

describe('options of a layer', () => {
  for (const [options, message] of [
    [{ size: '1G' }, "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"],
    [{ size: 'abc' }, "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"],
    [{ Size: 'abc' }, "invalid size: 'abc'"],
    [{ Size: '1G' }, "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"],
    [{ foo: 'bar' }, 'Unknown option foo'],
    [{ FOO: 'bar' }, 'Unknown option foo'],
  ] as const) {
    it(`refuses ${JSON.stringify(options)} of a container`, () => {
      const { driver, fs } = startedDriver();
      expect(() => driver.createReadWrite('box', undefined, { storageOptions: options })).toThrow(
        refusal('ERR_DRIVER_STORAGE_OPTION', message),
      );
      expect(fs.readdirSync(HOME)).toEqual(['l']);
    });
  }

  it('refuses a size of an image', () => {
    const { driver, fs } = startedDriver();
    const message = '--storage-opt size is only supported for ReadWrite Layers';
    expect(() => driver.create('a', undefined, { storageOptions: { size: '1G' } })).toThrow(
      refusal('ERR_DRIVER_STORAGE_OPTION', message),
    );
    expect(() => driver.create('a', undefined, { storageOptions: { foo: '' } })).toThrow('Unknown option foo');
    driver.create('a', undefined, { storageOptions: {} });
    expect(fs.readdirSync(HOME)).toEqual(['a', 'l']);
  });
});
