/** Cases of redirects, of files without data and of data-only layers, as programs: see mounts.test.ts. */
import { O_APPEND, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, SEEK_END } from '../../src/abi/flags.ts';
import { list } from './case-steps.ts';
import type { Recorded } from './recorder.ts';

const encoder = new TextEncoder();
const METACOPY = 'trusted.overlay.metacopy';
const REDIRECT = 'trusted.overlay.redirect';
/** Version 0, 36 bytes, no flags, SHA-256. */
const digest = (algorithm = 1, length = 36): Uint8Array =>
  Uint8Array.from([0, length, 0, algorithm, ...new Uint8Array(32).fill(7)]);

const directories = (t: Recorded): void => {
  for (const path of ['/u', '/w', '/m', '/l0', '/l1', '/d1', '/d2']) t.mkdir(path);
};

/** A file of a lower layer that says where its data is. */
function stub(t: Recorded, path: string, redirect: string | undefined, mark: Uint8Array = new Uint8Array(0)): void {
  t.put(path, '12345');
  t.setxattr(path, METACOPY, mark);
  if (redirect !== undefined) t.setxattr(path, REDIRECT, encoder.encode(redirect));
}

const mount = (t: Recorded, lower: string, options = ''): void =>
  t.mount('overlay', '/m', 'overlay', `lowerdir=${lower},upperdir=/u,workdir=/w${options}`);

function use(t: Recorded, path: string): void {
  t.stat(path);
  t.get(path);
  t.chmod(path, 0o600);
  t.get(path);
  t.close(t.open(path, O_WRONLY | O_APPEND));
  t.get(path);
  t.stat(path);
}

const stubs: Readonly<Record<string, string | undefined>> = {
  found: '/deep/data',
  missing: '/nothing',
  symlink: '/link',
  behindSymlink: '/linked/data',
  dots: '/deep/../deep/./data',
  outside: '/../data',
  directory: '/deep',
  behindFile: '/deep/data/more',
  relative: 'data',
  unredirected: undefined,
};

function dataLayers(t: Recorded): void {
  directories(t);
  for (const [name, redirect] of Object.entries(stubs)) stub(t, `/l0/${name}`, redirect);
  stub(t, '/l0/short', '/deep/data', Uint8Array.of(1, 2, 3));
  stub(t, '/l0/tooLong', '/deep/data', new Uint8Array(300));
  stub(t, '/l0/header', '/deep/data', Uint8Array.of(0, 4, 0, 0));
  stub(t, '/l0/digest', '/deep/data', digest());
  stub(t, '/l0/otherLength', '/deep/data', digest(1, 30));
  stub(t, '/l0/noAlgorithm', '/deep/data', digest(0));
  t.mkdir('/d2/deep');
  t.put('/d2/deep/data', 'the data');
  t.put('/d2/data', 'not this');
  t.symlink('deep/data', '/d2/link');
  t.symlink('deep', '/d2/linked');
  t.mkdir('/d1/deep');
}

const names = [...Object.keys(stubs), 'short', 'tooLong', 'header', 'digest', 'otherLength', 'noAlgorithm'];

const withDataLayers =
  (options: string) =>
  (t: Recorded): void => {
    dataLayers(t);
    mount(t, '/l0::/d1::/d2', options);
    list(t, '/m');
    t.stat('/m/deep');
    for (const name of names) use(t, `/m/${name}`);
    t.umount('/m');
    for (const name of names) t.stat(`/u/${name}`);
  };

const stacks = [
  '/l1',
  '/l0:/l1',
  '/l0:/l1:/empty',
  '/l1:/empty',
  '/l1:/again',
  '/l0:/l1:/again',
  '/l0:/l1:/above',
  '/l0',
];

/** A redirected directory at every place of the stack. First drawn by seed 3000001, path 102. */
function unfollowed(t: Recorded): void {
  for (const path of ['/l0', '/l1', '/empty', '/again', '/above', '/d1', '/m']) t.mkdir(path);
  for (const layer of ['/l0', '/l1', '/again']) for (const path of ['/c', '/c/b']) t.mkdir(layer + path);
  t.mkdir('/above/c');
  t.setxattr('/l1/c/b', REDIRECT, encoder.encode('/a/c'));
  let mounts = 0;
  for (const kind of ['nothing', 'directory', 'stub']) {
    for (const stack of stacks.flatMap((lower) => [lower, `${lower}::/d1`])) {
      const [upper, work] = [`/u${mounts}`, `/w${mounts++}`];
      for (const path of [upper, work, `${upper}/c`]) t.mkdir(path);
      if (kind === 'directory') t.mkdir(`${upper}/c/b`);
      if (kind === 'stub') stub(t, `${upper}/c/b`, undefined);
      if (kind !== 'nothing') t.setxattr(`${upper}/c/b`, REDIRECT, encoder.encode('/a/c'));
      const layers = `lowerdir=${stack},upperdir=${upper},workdir=${work}`;
      t.mount('overlay', '/m', 'overlay', `${layers},redirect_dir=nofollow,metacopy=off`);
      t.stat('/m/c/b');
      t.umount('/m');
    }
  }
}

const optionSets = [
  '',
  ',metacopy=on',
  ',redirect_dir=nofollow',
  ',redirect_dir=off',
  ',metacopy=on,verity=on',
  ',metacopy=on,verity=require',
  ',verity=on',
  ',verity=require',
];

export const cases: Readonly<Record<string, (t: Recorded) => void>> = {
  ...Object.fromEntries(optionSets.map((options) => [`data-only layers${options}`, withDataLayers(options)])),
  'data-only layers without an upper one': (t) => {
    dataLayers(t);
    t.mount('overlay', '/m', 'overlay', 'lowerdir=/l0::/d1::/d2,metacopy=on');
    for (const name of names) use(t, `/m/${name}`);
  },
  'redirects that are not followed, above layers of data alone and elsewhere': unfollowed,
  'a write of nothing': (t) => {
    directories(t);
    t.put('/l0/file', 'text');
    mount(t, '/l0');
    const fd = t.open('/m/file', O_RDWR);
    t.write(fd, new Uint8Array(0));
    t.fstat(fd);
    t.get('/u/file');
  },
  'data of another size than the metadata says': (t) => {
    directories(t);
    for (const [name, hole] of [
      ['none', 0],
      ['hole', 20_000],
    ] as const) {
      stub(t, `/l0/${name}`, `/${name}`);
      t.put(`/l1/${name}`, '');
      t.truncate(`/l1/${name}`, hole);
      const fd = t.open(`/l1/${name}`, O_WRONLY | O_APPEND);
      t.write(fd, encoder.encode('much more than five'));
      t.close(fd);
    }
    mount(t, '/l0:/l1', ',metacopy=on');
    use(t, '/m/none');
    use(t, '/m/hole');
  },
  'files without data are refused where they may not be followed': (t) => {
    directories(t);
    stub(t, '/l0/stub', undefined);
    stub(t, '/l0/redirected', '/data');
    t.put('/l1/stub', 'data');
    t.put('/l1/data', 'data');
    for (const options of [',metacopy=off', ',redirect_dir=nofollow', ',metacopy=on']) {
      mount(t, '/l0:/l1', options);
      t.get('/m/stub');
      t.get('/m/redirected');
      t.umount('/m');
    }
  },
  'a file copied up without its data': (t) => {
    directories(t);
    t.put('/l0/file', 'the data of the file');
    t.put('/l0/other', 'more');
    mount(t, '/l0', ',metacopy=on');
    const before = t.open('/m/file', O_RDONLY);
    t.chown('/m/file', 5, 6);
    t.setxattr('/m/file', 'security.capability', Uint8Array.of(0, 0, 0, 2, ...new Array<number>(16).fill(0)));
    t.rename('/m/file', '/m/renamed');
    t.link('/m/renamed', '/m/linked');
    t.getxattr('/u/renamed', REDIRECT);
    t.lseek(before, 0, SEEK_END);
    t.fsync(before);
    t.fdatasync(before);
    t.get('/m/linked');
    t.close(t.open('/m/linked', O_RDWR));
    t.getxattr('/u/renamed', METACOPY);
    t.getxattr('/u/renamed', REDIRECT);
    t.getxattr('/m/renamed', 'security.capability');
    t.pread(before, new Uint8Array(30), 0);
    t.chmod('/m/other', 0o640);
    t.close(t.open('/m/other', O_RDWR | O_TRUNC));
    t.getxattr('/u/other', METACOPY);
    t.stat('/m/other');
  },
  'redirects of directories': (t) => {
    directories(t);
    for (const path of ['/l0/a', '/l0/a/b', '/l0/a/b/c', '/l0/z', `/l0/${'n'.repeat(250)}`]) t.mkdir(path);
    t.put('/l0/a/b/c/file');
    mount(t, '/l0', ',redirect_dir=on');
    t.rename('/m/a/b', '/m/a/near');
    t.getxattr('/u/a/near', REDIRECT);
    t.rename('/m/a/near/c', '/m/far');
    t.getxattr('/u/far', REDIRECT);
    t.rename('/m/far', '/m/z/farther');
    t.rename('/m/a', '/m/moved');
    t.rename('/m/moved/near', '/m/again');
    t.getxattr('/u/again', REDIRECT);
    t.get('/m/z/farther/file');
    t.mkdir(`/m/${'n'.repeat(250)}/deep`);
    t.rename(`/m/${'n'.repeat(250)}`, '/m/z/short');
    t.umount('/m');
    mount(t, '/l0', ',redirect_dir=on');
    t.get('/m/z/farther/file');
    t.umount('/m');
    mount(t, '/l0', ',redirect_dir=nofollow');
    t.get('/m/z/farther/file');
    list(t, '/m/again');
  },
};
