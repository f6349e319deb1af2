/** Cases of a user namespace, as programs: see namespaces.test.ts. */
import {
  AT_FDCWD,
  CLONE_NEWNS,
  MNT_DETACH,
  MNT_FORCE,
  MS_BIND,
  MS_MOVE,
  MS_NOATIME,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  O_CREAT,
  O_NOATIME,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_WRONLY,
} from '../../src/abi/flags.ts';
import { makedev, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from '../../src/abi/mode.ts';
import { list, tmpfs } from './case-steps.ts';
import type { NamespaceCase } from './namespace-jail.ts';
import type { Recorded } from './recorder.ts';

/** An id outside that nobody inside has, and one that is 5 inside. */
export const UNKNOWN = 777;
export const FIVE = 100005;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const CAP_2 = Uint8Array.from([1, 0, 0, 2, 0, 4, ...new Array<number>(14).fill(0)]);
export const cap3 = (rootid: number): Uint8Array => {
  const value = new Uint8Array(24);
  value.set([1, 0, 0, 3, 0, 4]);
  new DataView(value.buffer).setUint32(20, rootid, true);
  return value;
};

/** A file of each kind of owner, and a directory with one file of each. */
function owned(t: Recorded): void {
  for (const [name, id] of [
    ['root', 0],
    ['five', FIVE],
    ['unknown', UNKNOWN],
  ] as const) {
    t.put(`/${name}`, name);
    t.mkdir(`/${name}.d`, 0o755);
    t.put(`/${name}.d/f`, name);
    for (const path of [`/${name}`, `/${name}.d`, `/${name}.d/f`]) t.chown(path, id, id);
  }
}

const OWNERS = ['root', 'five', 'unknown'];

export const cases: Readonly<Record<string, NamespaceCase>> = {
  'ids that are told and taken': {
    before: owned,
    inside(t) {
      t.getresuid();
      t.getresgid();
      t.getgroups();
      for (const name of OWNERS) t.stat(`/${name}`);
      for (const name of OWNERS) t.statx(AT_FDCWD, `/${name}`, 0);
      t.setgroups([5, 6]);
      t.getgroups();
      t.setgroups([5, 5000]);
      t.setresuid(-1, 5, -1);
      t.getresuid();
      t.put('/five', 'as five');
      t.put('/five.d/new');
      t.stat('/five.d/new');
      t.setresuid(-1, 6, -1);
      t.setresuid(-1, 0, -1);
      t.setresuid(-1, 1000, -1);
      t.setresuid(5000, -1, -1);
      t.setresgid(-1, 999, -1);
      t.setresgid(-1, 5000, -1);
      t.setresgid(-1, 0, -1);
      t.getresgid();
      t.setfsuid(5);
      t.setfsuid(5000);
      t.setfsuid(0);
      t.setfsgid(7);
      t.setfsgid(5000);
      t.setfsgid(0);
      t.setgroups([]);
    },
    after(t) {
      t.stat('/five.d/new');
    },
  },
  'owners of files': {
    before: owned,
    inside(t) {
      for (const name of OWNERS) {
        t.chown(`/${name}`, 5, 6);
        t.stat(`/${name}`);
        t.chown(`/${name}`, -1, 0);
        t.chown(`/${name}`, 5000, -1);
        t.chown(`/${name}`, -1, 65534);
        t.lchown(`/${name}`, -1, -1);
      }
      t.stat('/five');
    },
    after(t) {
      for (const name of OWNERS) t.stat(`/${name}`);
    },
  },
  'what root inside may do with files of others': {
    before(t) {
      owned(t);
      for (const name of OWNERS) {
        t.chmod(`/${name}`, 0o600);
        t.chmod(`/${name}.d`, 0o700);
      }
      t.put('/group', 'g');
      t.chown('/group', FIVE, UNKNOWN);
      t.chmod('/group', 0o600);
    },
    inside(t) {
      for (const name of [...OWNERS, 'group']) {
        t.get(`/${name}`);
        t.put(`/${name}`, 'written');
        t.chmod(`/${name}`, 0o640);
        t.utimensat(AT_FDCWD, `/${name}`, { sec: 1, nsec: 0 }, { sec: 2, nsec: 0 }, 0);
        t.utimensat(AT_FDCWD, `/${name}`, undefined, undefined, 0);
        t.truncate(`/${name}`, 1);
        t.access(`/${name}`, 4);
        t.close(t.open(`/${name}`, O_RDONLY | O_NOATIME));
        t.setxattr(`/${name}`, 'user.a', bytes('b'));
        t.link(`/${name}`, `/${name}.link`);
        t.unlink(`/${name}`);
      }
      for (const name of OWNERS) {
        list(t, `/${name}.d`);
        t.put(`/${name}.d/new`);
        t.unlink(`/${name}.d/f`);
        t.rmdir(`/${name}.d`);
      }
    },
  },
  'sticky directories and set-id bits': {
    before(t) {
      owned(t);
      t.mkdir('/sticky');
      t.chmod('/sticky', 0o1777);
      t.chown('/sticky', UNKNOWN, UNKNOWN);
      for (const name of OWNERS) {
        t.put(`/sticky/${name}`);
        t.chown(`/sticky/${name}`, name === 'root' ? 0 : name === 'five' ? FIVE : UNKNOWN, 0);
        t.chmod(`/sticky/${name}`, 0o6777);
      }
      t.mkdir('/setgid');
      t.chown('/setgid', 0, UNKNOWN);
      t.chmod('/setgid', 0o2777);
    },
    inside(t) {
      for (const name of OWNERS) {
        t.put(`/sticky/${name}`, 'more');
        t.stat(`/sticky/${name}`);
        t.chmod(`/sticky/${name}`, 0o6755);
        t.stat(`/sticky/${name}`);
        t.chown(`/sticky/${name}`, 5, 5);
        t.stat(`/sticky/${name}`);
        t.rename(`/sticky/${name}`, `/sticky/${name}2`);
        t.unlink(`/sticky/${name}2`);
      }
      t.close(t.open('/setgid/f', O_CREAT | O_WRONLY, 0o2775));
      t.stat('/setgid/f');
      t.chmod('/setgid/f', 0o2775);
      t.stat('/setgid/f');
      t.mkdir('/setgid/d', 0o755);
      t.stat('/setgid/d');
      t.chmod('/setgid', 0o2770);
      t.stat('/setgid');
    },
  },
  'device nodes': {
    before(t) {
      t.mknod('/null', S_IFCHR | 0o666, makedev(499, 7));
    },
    inside(t) {
      t.close(t.open('/null', O_RDWR));
      t.mknod('/c', S_IFCHR | 0o600, makedev(1, 3));
      t.mknod('/b', S_IFBLK | 0o600, makedev(7, 0));
      t.mknod('/whiteout', S_IFCHR, 0);
      t.mknod('/fifo', S_IFIFO | 0o600, 0);
      t.mknod('/socket', S_IFSOCK | 0o600, 0);
      t.stat('/whiteout');
      t.open('/whiteout', O_RDONLY);
      t.mkdir('/t');
      tmpfs(t, '/t');
      t.mknod('/t/c', S_IFCHR | 0o600, makedev(1, 3));
      t.mknod('/t/whiteout', S_IFCHR | 0o666, 0);
      t.open('/t/whiteout', O_RDONLY);
      t.mounts();
    },
  },
  'which filesystems may be mounted': {
    before(t) {
      for (const path of ['/a', '/b']) t.mkdir(path);
      t.mount('proc', '/b', 'proc');
      t.umount('/b');
    },
    inside(t) {
      tmpfs(t, '/a');
      t.stat('/a');
      t.put('/a/f');
      t.stat('/a/f');
      t.chown('/a/f', 5, 7);
      t.stat('/a/f');
      t.chown('/a/f', 5000, -1);
      t.mount('src', '/a', 'tmpfs', 'size=8k,mode=700', MS_REMOUNT);
      t.umount('/a');
      tmpfs(t, '/a', 'uid=5,gid=6,mode=710');
      t.stat('/a');
      t.mounts();
      tmpfs(t, '/b', 'uid=5000');
      tmpfs(t, '/b', 'gid=100005');
      t.mount('proc', '/b', 'proc');
      t.mount('x', '/b', 'nosuchfs');
      t.statfs('/a');
    },
  },
  'mounts that came from outside': {
    before(t) {
      for (const path of ['/ro', '/plain', '/cover', '/cover/under', '/x', '/y']) t.mkdir(path);
      tmpfs(t, '/ro', '', MS_NODEV | MS_NOSUID | MS_NOEXEC);
      t.mkdir('/ro/sub');
      t.mount('', '/ro', '', '', MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC);
      tmpfs(t, '/plain', '', MS_NOATIME);
      tmpfs(t, '/cover');
    },
    inside(t) {
      t.mounts();
      t.umount('/ro');
      t.umount('/ro', MNT_DETACH);
      t.umount('/cover');
      t.mount('/cover', '/x', '', '', MS_MOVE);
      t.mount('', '/ro', '', '', MS_REMOUNT | MS_BIND);
      t.mount('', '/ro', '', '', MS_REMOUNT | MS_BIND | MS_RDONLY);
      t.mount('', '/ro', '', '', MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOSUID);
      t.mount('', '/ro', '', '', MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC);
      t.mount('', '/ro', '', '', MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC | MS_NOATIME);
      t.mount('', '/plain', '', '', MS_REMOUNT | MS_BIND);
      t.mount('', '/plain', '', '', MS_REMOUNT | MS_BIND | MS_NOATIME | MS_RDONLY);
      t.mount('', '/plain', '', '', MS_REMOUNT | MS_BIND | MS_NOATIME);
      t.mount('', '/plain', '', '', MS_REMOUNT | MS_NOATIME);
      t.mount('', '/plain', '', '', MS_REMOUNT | MS_NOATIME | MS_RDONLY);
      t.mount('', '/plain', '', '', MS_REMOUNT);
      t.mount('/ro', '/x', '', '', MS_BIND);
      t.mount('', '/x', '', '', MS_REMOUNT | MS_BIND);
      t.put('/x/f');
      t.umount('/x');
      t.mount('/', '/x', '', '', MS_BIND);
      t.mount('/', '/x', '', '', MS_BIND | MS_REC);
      list(t, '/x/cover');
      t.umount('/x/cover');
      t.umount('/x', MNT_DETACH);
      tmpfs(t, '/y');
      t.put('/y/f');
      t.mount('', '/y', '', '', MS_REMOUNT | MS_RDONLY);
      t.mount('', '/y', '', 'size=4k', MS_REMOUNT);
      t.umount('/y', MNT_FORCE);
      t.mounts();
      t.umount('/ro', MNT_FORCE);
      t.umount('/');
      t.umount('/', MNT_DETACH);
    },
  },
  'locked mounts stay in a namespace of one more': {
    before(t) {
      for (const path of ['/a', '/b']) t.mkdir(path);
      tmpfs(t, '/a');
    },
    inside(t) {
      tmpfs(t, '/b');
      t.unshare(CLONE_NEWNS);
      t.umount('/b');
      t.umount('/a');
      t.mount('', '/a', '', '', MS_REMOUNT | MS_BIND | MS_NOATIME);
      tmpfs(t, '/a');
      t.umount('/a');
      t.umount('/a');
      t.setresuid(-1, 5, -1);
      t.unshare(CLONE_NEWNS);
      tmpfs(t, '/a');
      t.umount('/a');
      t.setresuid(-1, 0, -1);
    },
  },
  pivot_root: {
    before(t) {
      for (const path of ['/a', '/new']) t.mkdir(path);
      tmpfs(t, '/a');
      t.mkdir('/a/old');
    },
    inside(t) {
      t.pivotRoot('/a', '/a/old');
      tmpfs(t, '/new', 'mode=755');
      t.mkdir('/new/old');
      t.pivotRoot('/new', '/new/old');
      t.chdir('/');
      t.mounts();
      list(t, '/');
      t.umount('/old');
      t.umount('/old', MNT_DETACH);
      list(t, '/old');
      t.mounts();
    },
  },
  'files that cannot be kept': {
    before(t) {
      t.mkdir('/t');
    },
    inside(t) {
      tmpfs(t, '/t', 'mode=777');
      t.setresuid(-1, 999, -1);
      t.put('/t/f');
      t.stat('/t/f');
      t.setresuid(-1, 0, -1);
      t.close(t.open('/t', O_TMPFILE | O_RDWR, 0o600));
    },
  },
  'attributes by name space': {
    before(t) {
      owned(t);
      for (const name of OWNERS) {
        t.setxattr(`/${name}`, 'trusted.t', bytes('t'));
        t.setxattr(`/${name}`, 'security.s', bytes('s'));
        t.setxattr(`/${name}`, 'user.u', bytes('u'));
      }
    },
    inside(t) {
      t.mkdir('/t');
      tmpfs(t, '/t');
      t.put('/t/mine');
      for (const path of [...OWNERS.map((name) => `/${name}`), '/t/mine']) {
        t.listxattr(path);
        for (const name of ['trusted.t', 'security.s', 'user.u', 'nonsense']) {
          t.getxattr(path, name);
          t.setxattr(path, name, bytes('new'));
          t.removexattr(path, name);
        }
      }
    },
    after(t) {
      for (const name of OWNERS) t.listxattr(`/${name}`);
    },
  },
  'file capabilities': {
    before(t) {
      owned(t);
      for (const [i, name] of ['two', 'zero', 'five3', 'unknown3'].entries()) {
        t.put(`/${name}`);
        t.setxattr(`/${name}`, 'security.capability', [CAP_2, cap3(0), cap3(FIVE), cap3(UNKNOWN)][i]!);
        t.getxattr(`/${name}`, 'security.capability');
      }
    },
    inside(t) {
      for (const name of ['two', 'zero', 'five3', 'unknown3']) {
        t.getxattr(`/${name}`, 'security.capability');
        t.listxattr(`/${name}`);
      }
      t.mkdir('/t');
      tmpfs(t, '/t');
      t.put('/t/mine');
      for (const path of [...OWNERS.map((name) => `/${name}`), '/t/mine']) {
        for (const value of [CAP_2, cap3(0), cap3(5), cap3(5000), CAP_2.slice(1)]) {
          t.setxattr(path, 'security.capability', value);
          t.getxattr(path, 'security.capability');
        }
      }
      t.removexattr('/unknown3', 'security.capability');
      t.removexattr('/two', 'security.capability');
      t.put('/zero', 'changed');
      t.listxattr('/zero');
    },
    after(t) {
      for (const name of OWNERS) t.getxattr(`/${name}`, 'security.capability');
    },
  },
};
