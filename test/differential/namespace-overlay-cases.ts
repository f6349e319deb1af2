/** Cases of overlays that the root of a user namespace mounts, as programs: see namespaces.test.ts. */
import { MS_BIND } from '../../src/abi/flags.ts';
import { makedev, S_IFCHR, S_IFIFO } from '../../src/abi/mode.ts';
import { list, tmpfs } from './case-steps.ts';
import { bytes, CAP_2, cap3, FIVE, UNKNOWN } from './namespace-cases.ts';
import type { NamespaceCase } from './namespace-jail.ts';
import type { Recorded } from './recorder.ts';

/** Two lower layers and an upper one, all of the machine's root. */
function layers(t: Recorded): void {
  for (const path of ['/l', '/l2', '/u', '/w', '/m', '/l/d', '/l2/d', '/l/gone']) t.mkdir(path, 0o755);
  for (const path of ['/l/f', '/l/d/a', '/l2/d/b', '/l2/g', '/l/gone/x']) t.put(path, path);
}

/** The whole of a directory with attributes. */
function look(t: Recorded, ...paths: string[]): void {
  for (const path of paths) {
    t.lstat(path);
    t.llistxattr(path);
  }
}

const overlay = (t: Recorded, more = '', at = '/m', lower = '/l:/l2'): void =>
  t.mount('ovl', at, 'overlay', `lowerdir=${lower},upperdir=/u,workdir=/w${more}`);

export const cases: Readonly<Record<string, NamespaceCase>> = {
  'an overlay with userxattr': {
    before: layers,
    inside(t) {
      overlay(t, ',userxattr');
      t.mounts();
      list(t, '/m');
      t.get('/m/f');
      t.put('/m/f', 'new');
      t.put('/m/new');
      t.unlink('/m/g');
      t.rename('/m/d', '/m/e');
      t.rename('/m/gone/x', '/m/x');
      t.rmdir('/m/gone');
      t.mkdir('/m/gone');
      t.mkdir('/m/fresh', 0o700);
      t.put('/m/d/a', 'up');
      t.link('/m/d/b', '/m/d/c');
      t.setxattr('/m/f', 'user.a', bytes('1'));
      t.setxattr('/m/f', 'trusted.a', bytes('1'));
      t.setxattr('/m/f', 'user.overlay.opaque', bytes('y'));
      t.listxattr('/m/f');
      t.getxattr('/m/f', 'user.overlay.opaque');
      t.getxattr('/m/f', 'user.overlay.origin');
      t.getxattr('/m/f', 'user.overlay.overlay.opaque');
      t.getxattr('/u/f', 'user.overlay.overlay.opaque');
      t.getxattr('/u/gone', 'user.overlay.opaque');
      t.getxattr('/u', 'user.overlay.impure');
      t.getxattr('/u/f', 'user.overlay.opaque');
      for (const path of ['/m', '/m/d', '/m/gone', '/u/g', '/u/f', '/u/gone', '/u/d', '/u/d/c', '/u']) look(t, path);
      for (const path of ['/m', '/m/d', '/u', '/u/d', '/w']) list(t, path);
      t.umount('/m');
      overlay(t, ',userxattr');
      list(t, '/m');
      list(t, '/m/d');
      t.umount('/m');
      overlay(t);
      list(t, '/m');
      t.mounts();
    },
    after(t) {
      look(t, '/u', '/u/f', '/u/g', '/u/gone', '/u/d', '/u/d/a');
    },
  },
  'an overlay without it': {
    before(t) {
      layers(t);
      t.mkdir('/l/opaque');
      t.mkdir('/l2/opaque');
      t.put('/l2/opaque/hidden');
      t.setxattr('/l/opaque', 'trusted.overlay.opaque', bytes('y'));
      t.mkdir('/l/useropaque');
      t.mkdir('/l2/useropaque');
      t.put('/l2/useropaque/hidden');
      t.setxattr('/l/useropaque', 'user.overlay.opaque', bytes('y'));
    },
    inside(t) {
      overlay(t);
      t.mounts();
      list(t, '/m/opaque');
      list(t, '/m/useropaque');
      t.listxattr('/m/useropaque');
      t.put('/m/f', 'new');
      t.setxattr('/m/f', 'user.overlay.x', bytes('1'));
      t.listxattr('/m/f');
      t.mkdir('/m/new');
      t.unlink('/m/g');
      t.mkdir('/m/g');
      t.rmdir('/m/gone');
      t.unlink('/m/gone/x');
      t.rmdir('/m/gone');
      t.mkdir('/m/gone');
      t.rename('/m/new', '/m/d/new');
      look(t, '/u', '/u/f', '/u/d', '/u/gone');
      list(t, '/u');
      t.umount('/m');
      overlay(t, ',userxattr');
      list(t, '/m/opaque');
      list(t, '/m/useropaque');
      t.listxattr('/m/useropaque');
    },
  },
  'options that need trusted attributes': {
    before: layers,
    inside(t) {
      for (const option of [
        'redirect_dir=on',
        'redirect_dir=follow',
        'redirect_dir=off',
        'redirect_dir=nofollow',
        'metacopy=on',
        'metacopy=off',
        'index=on',
        'index=off',
        'nfs_export=on',
        'nfs_export=on,index=on',
        'verity=on',
        'verity=require',
        'verity=off',
        'xino=on',
        'xino=auto',
        'volatile',
        'uuid=on',
        'uuid=auto',
        'uuid=null',
        'default_permissions',
        'metacopy=on,redirect_dir=on',
        'metacopy=on,redirect_dir=nofollow',
      ]) {
        for (const more of ['', ',userxattr']) {
          overlay(t, `,${option}${more}`);
          t.mounts();
          t.umount('/m');
          if (option === 'volatile') t.rmdir('/w/work/incompat/volatile');
        }
      }
      t.mkdir('/data');
      for (const more of ['', ',userxattr']) {
        t.mount('ovl', '/m', 'overlay', `lowerdir=/l::/data,metacopy=on${more}`);
        t.mount('ovl', '/m', 'overlay', `lowerdir=/l::/data${more}`);
        t.mount('ovl', '/m', 'overlay', `lowerdir=/l:/l2${more}`);
        t.mounts();
        t.umount('/m');
      }
    },
  },
  'layers whose owners are not known inside': {
    before(t) {
      layers(t);
      t.chown('/l/f', UNKNOWN, UNKNOWN);
      t.chown('/l/d', UNKNOWN, UNKNOWN);
      t.chown('/l/d/a', FIVE, FIVE);
      t.put('/l/secret');
      t.chown('/l/secret', UNKNOWN, UNKNOWN);
      t.chmod('/l/secret', 0o600);
      t.mkdir('/l/closed');
      t.put('/l/closed/f');
      t.chown('/l/closed', UNKNOWN, UNKNOWN);
      t.chmod('/l/closed', 0o711);
      t.mkdir('/l2/closed');
      t.put('/l2/closed/g');
      t.put('/l/caps');
      t.setxattr('/l/caps', 'security.capability', cap3(FIVE));
      t.put('/l/caps2');
      t.setxattr('/l/caps2', 'security.capability', CAP_2);
    },
    inside(t) {
      overlay(t, ',userxattr');
      for (const name of ['f', 'd', 'd/a', 'secret', 'closed', 'closed/f', 'closed/g']) t.stat(`/m/${name}`);
      t.get('/m/secret');
      t.put('/m/secret');
      t.chmod('/m/secret', 0o666);
      t.put('/m/f', 'x');
      t.chmod('/m/f', 0o666);
      t.chown('/m/f', 5, 5);
      t.put('/m/d/a', 'x');
      t.put('/m/d/new');
      t.chown('/m/d', 0, 0);
      list(t, '/m/closed');
      t.getxattr('/m/caps', 'security.capability');
      t.chmod('/m/caps', 0o700);
      t.getxattr('/m/caps', 'security.capability');
      t.getxattr('/u/caps', 'security.capability');
      t.chmod('/m/caps2', 0o700);
      t.getxattr('/m/caps2', 'security.capability');
      look(t, '/u/f', '/u/d', '/u/d/a', '/u/caps');
      list(t, '/u');
    },
    after(t) {
      look(t, '/u/f', '/u/d', '/u/d/a', '/u/caps');
      t.getxattr('/u/caps', 'security.capability');
    },
  },
  'an upper layer on a tmpfs of the namespace': {
    before(t) {
      layers(t);
      t.chown('/l/f', UNKNOWN, UNKNOWN);
      t.chown('/l/d/a', FIVE, 0);
      t.mkdir('/t');
    },
    inside(t) {
      tmpfs(t, '/t', 'mode=755');
      for (const path of ['/t/u', '/t/w']) t.mkdir(path, 0o755);
      t.mount('ovl', '/m', 'overlay', 'lowerdir=/l:/l2,upperdir=/t/u,workdir=/t/w,userxattr');
      t.put('/m/f', 'x');
      t.chown('/m/f', 0, 0);
      t.put('/m/d/a', 'x');
      t.chown('/m/d/a', 7, 7);
      t.unlink('/m/g');
      t.unlink('/m/f');
      t.mkdir('/m/f');
      t.getxattr('/t/u/f', 'user.overlay.opaque');
      look(t, '/t/u/f', '/t/u/g', '/t/u/d', '/t/u/d/a', '/m/d/a');
      list(t, '/m');
      t.setresuid(-1, 5, -1);
      t.put('/m/d/a', 'y');
      t.put('/m/nope');
      t.setresuid(-1, 0, -1);
      t.mknod('/m/null', S_IFCHR | 0o666, makedev(1, 3));
      t.mknod('/m/whiteout', S_IFCHR | 0o666, 0);
      t.mknod('/m/fifo', S_IFIFO | 0o666, 0);
      t.mounts();
    },
  },
  'layers below mounts that hide something': {
    before(t) {
      layers(t);
      t.mkdir('/l/covered');
      t.put('/l/covered/secret');
      tmpfs(t, '/l/covered');
    },
    inside(t) {
      overlay(t, ',userxattr');
      t.mount('ovl', '/m', 'overlay', 'lowerdir=/l2:/l/d,userxattr');
      list(t, '/m');
      t.umount('/m');
      t.mount('/l', '/m', '', '', MS_BIND);
      t.mount('/l/d', '/m', '', '', MS_BIND);
      list(t, '/m');
    },
  },
};
