/**
 * Mount lines of overlayfs in many situations. What Linux 6.18 says to each of them, an error or the options in
 * /proc/mounts, is in `mount-lines.json`; `record-mount-lines.ts` writes it anew.
 */
import { MS_BIND, MS_RDONLY, MS_REMOUNT, O_CREAT, O_WRONLY } from '../../src/abi/flags.ts';
import type { JailedTask } from './jail.ts';

/** What the lines find, and the lines: the data of mount(2), relative paths standing in /mnt. */
export interface Situation {
  readonly prepare: (t: JailedTask) => void;
  readonly lines: readonly string[];
}

const directories = [
  'l1',
  'l2',
  'l3',
  'l1/sub',
  'u',
  'w',
  'u/in',
  'w/in',
  'm',
  'd1',
  'd2',
  'a:b',
  'a,b',
  'sp ace',
  'b\\c',
];
const UPPER = 'lowerdir=l1,upperdir=u,workdir=w';
const over = (...options: string[]): string[] => options.map((option) => `${UPPER},${option}`);

const tmpfsAt = (t: JailedTask, path: string, ...below: string[]): void => {
  t.mkdir(path);
  t.mount('t', path, 'tmpfs');
  for (const name of below) t.mkdir(`${path}/${name}`);
};

const overlayAt = (t: JailedTask, path: string, data: string): void => {
  t.mkdir(path);
  t.mount('overlay', path, 'overlay', data);
};

const createFile = (t: JailedTask, path: string): void => t.close(t.open(path, O_CREAT | O_WRONLY, 0o644));

const nothing = (): void => undefined;

const values: readonly (readonly string[])[] = [
  ['redirect_dir=on', 'redirect_dir=off', 'redirect_dir=follow', 'redirect_dir=nofollow'],
  ['index=on', 'index=off'],
  ['nfs_export=on', 'nfs_export=off'],
  ['metacopy=on', 'metacopy=off'],
  ['verity=on', 'verity=require', 'verity=off'],
  ['userxattr'],
  ['volatile', 'fsync=strict', 'fsync=auto', 'fsync=volatile'],
  ['uuid=on', 'uuid=off', 'uuid=null', 'uuid=auto'],
  ['xino=on', 'xino=off', 'xino=auto'],
  ['default_permissions'],
];

/** Every option alone, and with every value of every other one. */
function pairs(base: string): string[] {
  const lines = [base];
  for (const [i, first] of values.entries()) {
    for (const one of first) {
      lines.push(`${base},${one}`);
      for (const second of values.slice(i + 1)) for (const other of second) lines.push(`${base},${one},${other}`);
    }
  }
  return lines;
}

const xinoLines = (base: string): string[] =>
  ['', 'xino=on', 'xino=auto', 'xino=off', 'uuid=off', 'index=on', 'nfs_export=on', 'index=on,xino=auto'].map(
    (option) => (option === '' ? base : `${base},${option}`),
  );

export const situations: Readonly<Record<string, Situation>> = {
  'one filesystem, with an upper layer': { prepare: nothing, lines: pairs(UPPER) },
  'one filesystem, without an upper layer': {
    prepare: nothing,
    lines: [
      'lowerdir=l1:l2',
      ...values.flat().map((option) => `lowerdir=l1:l2,${option}`),
      'lowerdir=l1:l2,nfs_export=on,redirect_dir=nofollow',
      'lowerdir=l1:l2,nfs_export=on,redirect_dir=nofollow,index=off',
      'lowerdir=l1:l2,nfs_export=on,redirect_dir=nofollow,index=on',
      'lowerdir=l1:l2,nfs_export=on,metacopy=on',
      'lowerdir=l1:l2,metacopy=on,redirect_dir=follow',
      'lowerdir=l1:l2,metacopy=on,redirect_dir=nofollow',
      'lowerdir=l1:l2,verity=require,redirect_dir=nofollow',
      'lowerdir=l1:l2,volatile,fsync=strict',
      'lowerdir=l1:l2,userxattr,redirect_dir=follow',
      'lowerdir=l1:l2,userxattr,redirect_dir=nofollow',
      'lowerdir=l1:l2,upperdir=u',
      'lowerdir=l1:l2,workdir=w,index=on',
      'lowerdir=l1',
      'upperdir=u,workdir=w',
    ],
  },
  'three options at once': {
    prepare: nothing,
    lines: over(
      'metacopy=on,nfs_export=on,index=off',
      'nfs_export=on,index=off,metacopy=off',
      'nfs_export=on,verity=on,metacopy=on',
      'userxattr,metacopy=off,redirect_dir=nofollow',
      'userxattr,metacopy=on,redirect_dir=nofollow',
      'userxattr,index=on,nfs_export=on',
      'index=on,metacopy=on,redirect_dir=on',
      'index=on,metacopy=on,redirect_dir=on,nfs_export=off,xino=on,volatile',
      'metacopy=on,redirect_dir=off,index=on',
      'metacopy=on,metacopy=off,redirect_dir=nofollow',
      'redirect_dir=nofollow,redirect_dir=on,metacopy=on',
      'index=on,index=off,nfs_export=on',
    ),
  },
  'values that are none': {
    prepare: nothing,
    lines: over(
      ...['index', 'nfs_export', 'metacopy', 'redirect_dir', 'xino', 'uuid', 'verity', 'fsync'].flatMap((name) => [
        name,
        `${name}=`,
        `${name}=ON`,
        `${name}=yes`,
        `${name}=1`,
      ]),
      ...['volatile=on', 'userxattr=off', 'default_permissions=', 'override_creds=off', 'nouserxattr', 'novolatile'],
      ...['nodefault_permissions', 'override_creds', 'nooverride_creds', 'override_creds,nooverride_creds', 'noindex'],
      ...[
        'sync',
        'dirsync',
        'async',
        'mand',
        'lazytime',
        'sync,async',
        'ro',
        'rw',
        'ro,rw',
        'nosuid',
        'noatime',
        'source=x',
        'check_copy_up=on',
      ],
      ...['redirect_max=10', 'verity=require,verity=off', 'fsync=ordered', '=', '=on', ' ', 'index=on ', 'lowerdir'],
    ),
  },
  'layers one by one': {
    prepare: nothing,
    lines: [
      'lowerdir+=l1,lowerdir+=l2',
      'lowerdir+=l1,upperdir=u,workdir=w',
      'lowerdir+=l1,datadir+=d1,upperdir=u,workdir=w',
      'lowerdir+=l1,datadir+=d1,upperdir=u,workdir=w,metacopy=on',
      'lowerdir+=l1,datadir+=d1,datadir+=d2,metacopy=on',
      'lowerdir+=l1,datadir+=d1,lowerdir+=l2',
      'lowerdir+=l1,datadir+=d1,lowerdir=l2,upperdir=u,workdir=w',
      'datadir+=d1,lowerdir+=l1',
      'datadir+=d1',
      'datadir+=d1,datadir+=d2,upperdir=u,workdir=w',
      'lowerdir=l1,lowerdir+=l2',
      'lowerdir=l1,datadir+=d1',
      'lowerdir=l1,lowerdir=,lowerdir+=l2,upperdir=u,workdir=w',
      'lowerdir=,upperdir=u,workdir=w',
      'lowerdir=l1,lowerdir=,upperdir=u,workdir=w',
      'lowerdir+=a:b,upperdir=u,workdir=w',
      'lowerdir+=a\\:b,upperdir=u,workdir=w',
      'lowerdir+=a\\,b,upperdir=u,workdir=w',
      'lowerdir+=b\\c,upperdir=u,workdir=w',
      'lowerdir+=l1:l2,upperdir=u,workdir=w',
      'lowerdir+=,upperdir=u,workdir=w',
      'lowerdir+,upperdir=u,workdir=w',
      'datadir+=,upperdir=u,workdir=w',
      'lowerdir+=file,upperdir=u,workdir=w',
      'lowerdir+=l1,datadir+=missing,upperdir=u,workdir=w',
      'lowerdir+=l1,datadir+=l1,upperdir=u,workdir=w',
      'lowerdir+=l1,datadir+=l1/sub,upperdir=u,workdir=w',
      'lowerdir+=l1,datadir+=u/in,upperdir=u,workdir=w',
      'upperdir+=u',
      'lowerdir-=l1',
    ],
  },
  'a list of layers': {
    prepare: nothing,
    lines: [
      'lowerdir=l1::d1,upperdir=u,workdir=w',
      'lowerdir=l1::d1::d2,upperdir=u,workdir=w',
      'lowerdir=l1::d1::d2',
      'lowerdir=l1:l2::d1,redirect_dir=nofollow',
      'lowerdir=l1::d1,upperdir=u,workdir=w,metacopy=off',
      'lowerdir=l1::d1,upperdir=u,workdir=w,userxattr',
      'lowerdir=l1::d1,upperdir=u,workdir=w,nfs_export=on',
      'lowerdir=l1::d1:d2,upperdir=u,workdir=w',
      'lowerdir=l1::d1:::d2,upperdir=u,workdir=w',
      'lowerdir=l1:::d1,upperdir=u,workdir=w',
      'lowerdir=l1::d1:,upperdir=u,workdir=w',
      'lowerdir=::d1,upperdir=u,workdir=w',
      'lowerdir=l1::l1,upperdir=u,workdir=w',
      'lowerdir=l1::l1/sub,upperdir=u,workdir=w',
      'lowerdir=l1::u,upperdir=u,workdir=w',
      'lowerdir=l1::w/in,upperdir=u,workdir=w',
      'lowerdir=l1::missing,upperdir=u,workdir=w',
      'lowerdir=a\\:b:l1,upperdir=u,workdir=w',
      'lowerdir=a\\:b::d1,upperdir=u,workdir=w',
      'lowerdir=a\\\\:b,upperdir=u,workdir=w',
      'lowerdir=b\\\\c,upperdir=u,workdir=w',
      'lowerdir=b\\c,upperdir=u,workdir=w',
      'lowerdir=l1\\,upperdir=u,workdir=w',
      'lowerdir=l1\\\\:::l2,upperdir=u,workdir=w',
      'lowerdir=a\\,b:l1,upperdir=u,workdir=w',
      'lowerdir=\\l1,upperdir=\\u,workdir=w\\',
      'lowerdir=sp ace:l1,upperdir=u,workdir=w',
    ],
  },
  'layers within one another': {
    prepare: (t) => {
      t.mkdir('l1/sub/u');
      t.mkdir('l1/sub/w');
    },
    lines: [
      'lowerdir=l1,upperdir=l1/sub/u,workdir=l1/sub/w',
      'lowerdir=l1/sub,upperdir=l1,workdir=w',
      'lowerdir=l1:l2,upperdir=u,workdir=u/in',
      'lowerdir=l1,upperdir=u/in,workdir=u',
      'lowerdir=l1,upperdir=w,workdir=w',
      'lowerdir=w/in,upperdir=u,workdir=w',
      'lowerdir=.,upperdir=u,workdir=w,index=on',
      'lowerdir=l1:.,upperdir=u,workdir=w',
      'lowerdir=w,upperdir=u,workdir=w,index=on',
      'lowerdir=u,upperdir=u,workdir=w,index=on',
      'lowerdir=l1,upperdir=l1,workdir=w,index=on',
      'lowerdir=l1:l1/sub',
      'lowerdir=l1/sub:l1',
      'lowerdir=m,upperdir=u,workdir=w',
    ],
  },
  'upper and work directory of another overlay': {
    prepare: (t) => {
      for (const name of ['u2', 'w2', 'u/deep', 'u/deep/l', 'u/deep/u', 'u/deep/w']) t.mkdir(name);
      overlayAt(t, 'other', UPPER);
    },
    lines: [
      UPPER,
      ...over('index=on', 'index=on,nfs_export=on', 'volatile', 'metacopy=on'),
      'lowerdir=l2,upperdir=u2,workdir=w,index=on',
      'lowerdir=l2,upperdir=u,workdir=w2,index=on',
      'lowerdir=l2,upperdir=u2,workdir=w2,index=on',
      'lowerdir=u,upperdir=u2,workdir=w2',
      'lowerdir=u,upperdir=u2,workdir=w2,index=on',
      'lowerdir=w,upperdir=u2,workdir=w2,index=on',
      'lowerdir=u/in,upperdir=u2,workdir=w2,index=on',
      'lowerdir=u/deep/l,upperdir=u2,workdir=w2,index=on',
      'lowerdir=u/deep/l,upperdir=u2,workdir=w2',
      'lowerdir=l1,upperdir=u/deep/u,workdir=u/deep/w,index=on',
      'lowerdir=l1,upperdir=u/deep/u,workdir=u/deep/w',
      'lowerdir=l1,upperdir=w/work,workdir=w2',
      'lowerdir=l1,upperdir=u2,workdir=w/in,index=on',
      'lowerdir=l1:l2,index=on',
      'lowerdir=u:l2',
      'lowerdir=.,upperdir=u2,workdir=w2,index=on',
      'lowerdir=other,upperdir=u2,workdir=w2,index=on',
      'lowerdir=other,upperdir=u2,workdir=w2,index=on,nfs_export=on',
      'lowerdir=other,upperdir=u2,workdir=w2,xino=auto',
      'lowerdir=other,upperdir=u2,workdir=w2,xino=on,metacopy=on',
      'lowerdir=l1,upperdir=other/in,workdir=w2',
      'lowerdir=l1,upperdir=u2,workdir=other/in',
      'lowerdir=other:l1,uuid=off',
      'lowerdir=other/in:l1,upperdir=u2,workdir=w2,uuid=off',
    ],
  },
  'an overlay that is gone': {
    prepare: (t) => {
      overlayAt(t, 'other', UPPER);
      t.umount('other');
    },
    lines: [UPPER, ...over('index=on', 'uuid=on', 'uuid=null', 'uuid=off', 'xino=on', 'volatile')],
  },
  'an overlay with an index that is gone': {
    prepare: (t) => {
      overlayAt(t, 'other', `${UPPER},index=on`);
      t.umount('other');
    },
    lines: [
      UPPER,
      ...over('index=on', 'index=on,nfs_export=on', 'index=on,uuid=off', 'index=on,metacopy=on'),
      'lowerdir=l2,upperdir=u,workdir=w',
      'lowerdir=l2,upperdir=u,workdir=w,index=on',
      'lowerdir=l1,upperdir=l3,workdir=w,index=on',
      'lowerdir=l1:l2,upperdir=u,workdir=w,index=on',
    ],
  },
  'a volatile overlay that is gone': {
    prepare: (t) => {
      overlayAt(t, 'other', `${UPPER},volatile`);
      t.umount('other');
    },
    lines: [
      UPPER,
      ...over('volatile', 'index=on', 'fsync=auto', 'fsync=strict'),
      'lowerdir=l1,upperdir=u,workdir=l3',
      'lowerdir=l1,upperdir=l3,workdir=w',
      'lowerdir=l1:u',
    ],
  },
  'a volatile overlay whose mark was taken away': {
    prepare: (t) => {
      overlayAt(t, 'other', `${UPPER},volatile`);
      t.umount('other');
      t.unlink('w/work/incompat/volatile/dirty');
      t.rmdir('w/work/incompat/volatile');
    },
    lines: [UPPER, ...over('volatile', 'index=on')],
  },
  'a work directory with something in it': {
    prepare: (t) => {
      t.mkdir('w/work');
      t.mkdir('w/work/a');
      t.mkdir('w/work/a/b');
      t.mkdir('w/work/a/b/c');
      t.mkdir('w/index');
    },
    lines: [UPPER, ...over('index=on', 'volatile', 'nfs_export=on', 'metacopy=on', 'uuid=on', 'xino=on')],
  },
  'files where directories are to be': {
    prepare: (t) => {
      createFile(t, 'w/work');
      createFile(t, 'w/index');
    },
    lines: [UPPER, ...over('index=on', 'volatile')],
  },
  'an upper layer with an identity': {
    prepare: (t) => t.setxattr('u', 'trusted.overlay.uuid', new Uint8Array(16).fill(7)),
    lines: [UPPER, ...over('uuid=on', 'uuid=auto', 'uuid=null', 'uuid=off', 'userxattr', 'userxattr,uuid=on')],
  },
  'an upper layer with a bad identity': {
    prepare: (t) => t.setxattr('u', 'trusted.overlay.uuid', new Uint8Array(15).fill(7)),
    lines: [UPPER, ...over('uuid=on', 'uuid=auto', 'uuid=null', 'uuid=off')],
  },
  'an upper layer with too long an identity': {
    prepare: (t) => t.setxattr('u', 'trusted.overlay.uuid', new Uint8Array(17).fill(7)),
    lines: [UPPER, ...over('uuid=on', 'uuid=auto')],
  },
  'an upper layer that was in use without an identity': {
    prepare: (t) => t.setxattr('u', 'trusted.overlay.impure', Uint8Array.of(0x79)),
    lines: [UPPER, ...over('uuid=on', 'uuid=auto', 'uuid=null', 'uuid=off', 'userxattr')],
  },
  'an upper layer with an empty mark': {
    prepare: (t) => t.setxattr('u', 'trusted.overlay.impure', new Uint8Array(0)),
    lines: [UPPER, ...over('uuid=on', 'uuid=auto')],
  },
  'two filesystems': {
    prepare: (t) => {
      tmpfsAt(t, 'x', 'l', 'u', 'w', 'l2');
      tmpfsAt(t, 'y', 'l', 'u', 'w');
    },
    lines: [
      ...xinoLines('lowerdir=l1,upperdir=x/u,workdir=x/w'),
      ...xinoLines('lowerdir=x/l,upperdir=x/u,workdir=x/w'),
      ...xinoLines('lowerdir=x/l:l1,upperdir=x/u,workdir=x/w'),
      ...xinoLines('lowerdir=x/l:y/l:l1,upperdir=u,workdir=w'),
      ...xinoLines('lowerdir=x/l:y/l'),
      ...xinoLines('lowerdir=x/l:x/l2'),
      ...xinoLines('lowerdir=x/l::y/l,upperdir=x/u,workdir=x/w'),
      'lowerdir=l1,upperdir=x/u,workdir=y/w',
      'lowerdir=l1,upperdir=x/u,workdir=w',
      'lowerdir=x/l,upperdir=u,workdir=w,uuid=on,xino=on',
      'lowerdir=x/l,upperdir=u,workdir=w,userxattr,xino=on',
      'lowerdir=x/l,upperdir=u,workdir=w,volatile,xino=auto',
      'lowerdir=x,upperdir=y/u,workdir=y/w,index=on,metacopy=on',
      'lowerdir=.,upperdir=x/u,workdir=x/w,index=on',
    ],
  },
  'a filesystem that nothing lies over': {
    prepare: (t) => {
      t.mkdir('p');
      t.mount('p', 'p', 'proc');
    },
    lines: [
      'lowerdir=p,upperdir=u,workdir=w',
      'lowerdir=l1:p',
      'lowerdir=l1::p,upperdir=u,workdir=w',
      'lowerdir=p/self:l1',
    ],
  },
  'a layer without file handles': {
    prepare: (t) => {
      t.mkdir('p');
      t.mount('p', 'p', 'ramfs');
      tmpfsAt(t, 'x', 'u', 'w');
    },
    lines: [
      ...xinoLines('lowerdir=p,upperdir=u,workdir=w'),
      ...xinoLines('lowerdir=l1:p,upperdir=x/u,workdir=x/w'),
      ...xinoLines('lowerdir=l1:p'),
      'lowerdir=l1,upperdir=p,workdir=p',
      'lowerdir=p::l1,upperdir=u,workdir=w',
      'lowerdir=l1::p,upperdir=u,workdir=w,index=on',
      'lowerdir=p,upperdir=u,workdir=w,nfs_export=on,index=on,metacopy=off',
    ],
  },
  'overlays as layers': {
    prepare: (t) => {
      for (const name of ['u2', 'w2', 'u3', 'w3']) t.mkdir(name);
      overlayAt(t, 'o1', 'lowerdir=l1,upperdir=u2,workdir=w2');
      overlayAt(t, 'o2', 'lowerdir=o1:l2');
      overlayAt(t, 'ox', 'lowerdir=l2,upperdir=u3,workdir=w3,index=on,nfs_export=on');
    },
    lines: [
      'lowerdir=o1,upperdir=u,workdir=w',
      'lowerdir=o1,upperdir=u,workdir=w,index=on',
      'lowerdir=o1,upperdir=u,workdir=w,nfs_export=on',
      'lowerdir=ox,upperdir=u,workdir=w,index=on',
      'lowerdir=ox,upperdir=u,workdir=w,nfs_export=on',
      'lowerdir=ox,upperdir=u,workdir=w,xino=auto',
      'lowerdir=ox:o1,upperdir=u,workdir=w,xino=auto',
      'lowerdir=ox:o1,upperdir=u,workdir=w,xino=on',
      'lowerdir=o1:ox',
      'lowerdir=o2,upperdir=u,workdir=w',
      'lowerdir=o2:l3',
      'lowerdir=l3::o2,upperdir=u,workdir=w',
      'lowerdir=l3::o1,upperdir=u,workdir=w',
      'lowerdir=l1,upperdir=o1,workdir=w',
      'lowerdir=l1,upperdir=u,workdir=o1',
      'lowerdir=l1,upperdir=o1/sub,workdir=o1',
    ],
  },
  'layers that are read-only': {
    prepare: (t) => {
      tmpfsAt(t, 'x', 'l', 'u', 'w');
      t.mount('', '/mnt/x', '', '', MS_REMOUNT | MS_RDONLY);
      t.mkdir('b');
      t.mount('/mnt', '/mnt/b', '', '', MS_BIND);
      t.mkdir('r');
      t.mount('/mnt', '/mnt/r', '', '', MS_BIND);
      t.mount('', '/mnt/r', '', '', MS_BIND | MS_REMOUNT | MS_RDONLY);
    },
    lines: [
      'lowerdir=x/l,upperdir=u,workdir=w',
      'lowerdir=x/l:l1,upperdir=u,workdir=w,index=on',
      'lowerdir=l1,upperdir=x/u,workdir=x/w',
      'lowerdir=l1,upperdir=u,workdir=x/w',
      'lowerdir=l1,upperdir=r/u,workdir=r/w',
      'lowerdir=l1,upperdir=u,workdir=r/w',
      'lowerdir=r/l1,upperdir=u,workdir=w',
      'lowerdir=l1,upperdir=b/u,workdir=w',
      'lowerdir=l1,upperdir=b/u,workdir=b/w',
      'lowerdir=b/l1,upperdir=u,workdir=w,index=on',
      'lowerdir=b/u,upperdir=u,workdir=w',
      'lowerdir=l1:b/l1,upperdir=u,workdir=w',
      'lowerdir=b,upperdir=u,workdir=w',
      'lowerdir=r/l1:r/l2',
    ],
  },
};

/** What the kernel of `t` says to a line. */
export function answerTo(t: JailedTask, { prepare }: Situation, line: string): string {
  t.mkdir('/mnt');
  t.mount('t', '/mnt', 'tmpfs');
  t.chdir('/mnt');
  for (const name of directories) t.mkdir(name);
  createFile(t, 'file');
  prepare(t);
  try {
    t.mount('overlay', '/mnt/m', 'overlay', line);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code;
  }
  const shown = t.mounts().match(/^overlay \/mnt\/m overlay (\S+) 0 0$/m);
  return shown![1]!;
}
