import { describe, expect, test } from 'vitest';
import { applyOption, defaultConfig } from '../../../../src/filesystem/aufs/config.ts';
import { parseOptions } from '../../../../src/filesystem/aufs/params.ts';
import { showOptions } from '../../../../src/filesystem/aufs/show-options.ts';

const SI = 0xcaafbf3c5ac9d3d8n;

/** What /proc/mounts tells of a union that is mounted with these options. */
function shown(data: string): string {
  const config = defaultConfig();
  for (const option of parseOptions(data)) applyOption(config, option);
  return showOptions(config, SI);
}

describe('the options that /proc/mounts shows', () => {
  test('of a plain union are its number alone', () => {
    expect(shown('br:/a=rw:/b=ro+wh,xino=/dev/shm/aufs.xino')).toBe(',si=caafbf3c5ac9d3d8');
  });

  test("of Docker's union", () => {
    expect(shown('br:/a=rw:/b=ro+wh,dio,xino=/dev/shm/aufs.xino,dirperm1')).toBe(',si=caafbf3c5ac9d3d8,dio,dirperm1');
  });

  test('are all that differ from the defaults, in an order of their own', () => {
    const data =
      'verbose,nowarn_perm,sum,rdhash=64,rdblk=4096,rdcache=20,dirwh=5,diropq=a,cpup=bu,create=mfs,dirperm1,dio,noplink,shwh,udba=none,trunc_xino,noxino,acl';
    expect(shown(data)).toBe(
      ',acl,si=caafbf3c5ac9d3d8,noxino,trunc_xino,udba=none,shwh,noplink,dio,dirperm1,create=mfs,cpup=bu,diropq=a,dirwh=5,rdcache=20,rdblk=4096,rdhash=64,sum,nowarn_perm,verbose',
    );
  });

  test('are gone when they were taken back', () => {
    const data =
      'dio,nodio,noplink,plink,udba=none,udba=reval,noxino,xino=/x,create=rr,create=tdp,diropq=always,diropq=w,sum,wsum';
    expect(shown(data)).toBe(',si=caafbf3c5ac9d3d8');
  });

  test.each(['mfs:10', 'mfsrr:1000', 'tdmfs:1000:5', 'pmfsrr:18446744073709551615'])('create=%s', (policy) => {
    expect(shown(`create=${policy}`)).toBe(`,si=caafbf3c5ac9d3d8,create=${policy}`);
  });

  test('a number below 0 is shown without its sign', () => {
    expect(shown('dirwh=-1')).toBe(',si=caafbf3c5ac9d3d8,dirwh=4294967295');
  });
});

describe('the configuration', () => {
  test('remembers where the inode numbers lie', () => {
    const config = defaultConfig();
    for (const option of parseOptions('xino=/x')) applyOption(config, option);
    expect([config.xino, config.xinoPath]).toEqual([true, '/x']);
    for (const option of parseOptions('noxino')) applyOption(config, option);
    expect([config.xino, config.xinoPath]).toEqual([false, undefined]);
  });

  test('is left alone by what concerns branches and by what is done once', () => {
    const config = defaultConfig();
    const data = 'append:/a,del:/b,mod:/c=ro,trunc_xib,itrunc_xino=0,trunc_xino=/a';
    for (const option of parseOptions(data, { remount: true })) applyOption(config, option);
    expect(config).toEqual(defaultConfig());
  });
});
