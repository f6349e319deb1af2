import { describe, expect, test } from 'vitest';
import { Errno } from '../../../../src/abi/errno.ts';
import { showPermission } from '../../../../src/filesystem/aufs/branch-permission.ts';
import type { AufsOption } from '../../../../src/filesystem/aufs/option.ts';
import { MAX_OPTIONS, type ParamsContext, parseOptions } from '../../../../src/filesystem/aufs/params.ts';

/** An option in one line. */
function line(option: AufsOption): string {
  switch (option.kind) {
    case 'add':
      return `add ${option.index ?? 'end'} ${option.path} ${showPermission(option.permission)}`;
    case 'mod':
      return `mod ${option.path} ${showPermission(option.permission)}`;
    case 'del':
    case 'xino':
      return `${option.kind} ${option.path}`;
    case 'noxino':
      return 'noxino';
    case 'flag':
      return `${option.value ? '' : 'no'}${option.name}`;
    case 'set':
      return `${option.name}=${JSON.stringify(option.value, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))}`;
  }
}

const read = (data: string, context?: ParamsContext): string[] => parseOptions(data, context).map(line);

function refusal(data: string, context?: ParamsContext): string {
  try {
    return read(data, context).join(';');
  } catch (error) {
    if (error instanceof Errno) return error.code;
    throw error;
  }
}

describe('the options of AUFS', () => {
  test("Docker's", () => {
    expect(read('br:/a=rw:/b=ro+wh:/c=ro+wh,dio,xino=/dev/shm/aufs.xino,dirperm1')).toEqual([
      'add 0 /a rw',
      'add 1 /b ro+wh',
      'add 2 /c ro+wh',
      'dio',
      'xino /dev/shm/aufs.xino',
      'dirperm1',
    ]);
  });

  test.each([
    'br:/a:/b',
    'br=/a:/b',
    'dirs=/a:/b',
    'br:/a,br:/b',
    'br:/a,dirs=/b',
    ',br:/a:/b,,',
    'br:/a:/b:',
    'br:/a:/b::/c',
  ])('%s is a list of two branches, the first one rw', (data) =>
    expect(read(data)).toEqual(['add 0 /a rw', 'add 1 /b ro']),
  );

  test('an empty permission is ro, that of a read-only union ro too', () => {
    expect(read('br:/a=:/b')).toEqual(['add 0 /a ro', 'add 1 /b ro']);
    expect(read('br:/a:/b=rw', { readOnly: true })).toEqual(['add 0 /a ro', 'add 1 /b rw']);
  });

  test('branches come and go', () => {
    const data =
      'add:1:/a=ro+wh,add=0:/b,ins:0x2:/c,append:/d=ro+wh,append=/e,prepend:/f,prepend:/g=ro,del:/h,mod:/i=ro+wh,mod=/j=';
    expect(read(data)).toEqual([
      'add 1 /a ro+wh',
      'add 0 /b rw',
      'add 2 /c ro',
      'add end /d ro+wh',
      'add end /e ro',
      'add 0 /f rw',
      'add 0 /g ro',
      'del /h',
      'mod /i ro+wh',
      'mod /j ro',
    ]);
  });

  test('words and their opposites', () => {
    const words = ['plink', 'dirperm1', 'dio', 'sum', 'warn_perm', 'verbose', 'shwh', 'trunc_xino', 'trunc_xib', 'acl'];
    const all = words.flatMap((word) => [word, `no${word}`]);
    expect(read(all.join(','))).toEqual(all);
    expect(read('v,quiet,v,q,silent,wsum,noxino')).toEqual([
      'verbose',
      'noverbose',
      'verbose',
      'noverbose',
      'noverbose',
      'nosum',
      'noxino',
    ]);
  });

  test('what has no effect any more is let pass', () => {
    expect(read('nodlgt,clean_plink,relatime,si=0123,debug=1,delete=all,imap=x,dirren,nodirren,fhsm_sec=10')).toEqual(
      [],
    );
  });

  test('values', () => {
    expect(read('udba=none,udba=fsnotify,udba=notify,udba=reval')).toEqual([
      'udba="none"',
      'udba="notify"',
      'udba="notify"',
      'udba="reval"',
    ]);
    expect(read('diropq=a,diropq=always,diropq=w,diropq=whiteouted')).toEqual([
      'diropq="a"',
      'diropq="a"',
      'diropq="w"',
      'diropq="w"',
    ]);
    expect(read('cpup=bu,copyup=bottom-up-parent,copyup_policy=top-down-parent')).toEqual([
      'cpup="bu"',
      'cpup="bup"',
      'cpup="tdp"',
    ]);
    expect(read('dirwh=7,rdcache=0x10,rdblk=010000,rdblk=def,rdhash=64,rdhash=def,rdblk=0')).toEqual([
      'dirwh=7',
      'rdcache=16',
      'rdblk=4096',
      'rdblk=512',
      'rdhash=64',
      'rdhash=32',
      'rdblk=0',
    ]);
  });

  test.each([
    ['tdp', { name: 'tdp' }],
    ['top-down-parent', { name: 'tdp' }],
    ['round-robin', { name: 'rr' }],
    ['mfs', { name: 'mfs' }],
    ['most-free-space:5', { name: 'mfs', seconds: 5 }],
    ['mfsrr:1000', { name: 'mfsrr', watermark: 1000n }],
    ['mfsrr:1000:30', { name: 'mfsrr', watermark: 1000n, seconds: 30 }],
    ['tdmfs:1:3600', { name: 'tdmfs', watermark: 1n, seconds: 3600 }],
    ['pmfs:0', { name: 'pmfs', seconds: 0 }],
    ['pmfsrr:18446744073709551615', { name: 'pmfsrr', watermark: 2n ** 64n - 1n }],
  ])('create=%s', (text, value) => {
    expect(parseOptions(`create=${text}`)).toEqual([{ kind: 'set', name: 'create', value }]);
    expect(parseOptions(`create_policy=${text}`)).toEqual([{ kind: 'set', name: 'create', value }]);
  });

  test.each([
    'bogus',
    'lowerdir=/a',
    'br',
    'br:',
    'br=:/a',
    'dio=1',
    'nodio=',
    'plink=on',
    'noxino=1',
    'add:/a',
    'add:x:/a',
    'add:08:/a',
    'mod:/a',
    'append',
    'xino',
    'udba=never',
    'udba=',
    'udba',
    'diropq=x',
    'cpup=rr',
    'create=constructor',
    'create=best',
    'create=rr:1',
    'create=mfs:3601',
    'create=mfs:-1',
    'create=mfs:1:2',
    'create=mfsrr',
    'create=mfsrr:18446744073709551616',
    'create=tdmfs:-1:1',
    'create=tdmfs:1:2:3',
    'dirwh=',
    'dirwh=many',
    'dirwh=4294967296',
    'rdcache=3601',
    'rdblk=254',
    'rdblk=-1',
    'rdblk=4194305',
    'rdhash=524289',
    'rdhash=-1',
    'fhsm_sec=-1',
    'trunc_xino=/a',
    'itrunc_xino=0',
    'list_plink',
    'no',
  ])('%s is refused', (data) => expect(refusal(`br:/a,${data}`)).toBe('EINVAL'));

  test('numbers that AUFS reads itself may be out of range', () => {
    expect([refusal('add:2147483648:/a'), refusal('rdblk=99999999999')]).toEqual(['ERANGE', 'ERANGE']);
  });

  test('inode number files are cut on a live union alone', () => {
    expect(read('trunc_xino=/a,itrunc_xino=3', { remount: true })).toEqual(['trunc_xino="/a"', 'itrunc_xino=3']);
  });

  test('what follows an unknown word is not read, what went before was for nothing', () => {
    expect(refusal('append:/a,bogus,append:/b')).toBe('EINVAL');
  });

  test('a page of options and no more', () => {
    const list = (count: number): string => `br:${Array.from({ length: count }, (_, i) => `/${i}`).join(':')}`;
    expect(read(list(MAX_OPTIONS))).toHaveLength(MAX_OPTIONS);
    expect(refusal(list(MAX_OPTIONS + 1))).toBe('E2BIG');
    expect(refusal(`${list(MAX_OPTIONS)},dio`)).toBe('E2BIG');
  });
});
