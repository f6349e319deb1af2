/** The changes that were made in the recorded containers, as the system calls of the programs that made them. */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } from '../../src/abi/flags.ts';
import { isDirectory, makedev, S_IFCHR, S_IFIFO, S_IFSOCK } from '../../src/abi/mode.ts';
import type { Timespec } from '../../src/abi/stat.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import { namesIn, readFile } from '../docker/store.ts';

const LONG = 'M'.repeat(150);
/** `struct vfs_cap_data` as it was set. */
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');

/** Programs of the shell over one container whose root is the task's. */
class Shell {
  readonly task: SubjectTask;
  /** What `t` sets. */
  readonly #time: Timespec;

  constructor(task: SubjectTask, sec: number) {
    this.task = task;
    this.#time = { sec, nsec: 0 };
    task.umask(0o022);
  }

  /** `touch -h -d @1600001000`, or of another time. */
  t(...paths: string[]): void {
    for (const path of paths) this.touch(path, this.#time);
  }
  touch(path: string, time: Timespec): void {
    this.task.utimensat(AT_FDCWD, path, time, time, AT_SYMLINK_NOFOLLOW);
  }

  /** `printf … > path` */
  write(path: string, content: string | Uint8Array, flags = O_TRUNC): void {
    const fd = this.task.open(path, O_WRONLY | O_CREAT | flags, 0o666);
    this.task.write(fd, Buffer.from(content));
    this.task.close(fd);
  }
  append(path: string, content: string): void {
    this.write(path, content, O_APPEND);
  }
  /** Writes and touches. */
  make(path: string, content: string): void {
    this.write(path, content);
    this.t(path);
  }
  mkdir(...paths: string[]): void {
    for (const path of paths) this.task.mkdir(path, 0o777);
  }

  /** `rm -r` */
  remove(...paths: string[]): void {
    for (const path of paths) {
      if (!isDirectory(this.task.lstat(path).mode)) {
        this.task.unlink(path);
        continue;
      }
      this.remove(...namesIn(this.task, path).map((name) => `${path}/${name}`));
      this.task.rmdir(path);
    }
  }

  /** `mv`: where rename(2) refuses, everything is copied with its attributes and then removed. */
  move(path: string, newPath: string): void {
    try {
      this.task.renameat2(AT_FDCWD, path, AT_FDCWD, newPath, 1);
    } catch (error) {
      if ((error as { code?: string }).code !== 'EXDEV') throw error;
      this.#copy(path, newPath);
      this.remove(path);
    }
  }
  #copy(path: string, newPath: string): void {
    const { mode, uid, gid, atime, mtime } = this.task.lstat(path);
    if (isDirectory(mode)) {
      this.task.mkdir(newPath, 0o700);
      for (const name of namesIn(this.task, path)) this.#copy(`${path}/${name}`, `${newPath}/${name}`);
    } else this.write(newPath, readFile(this.task, path));
    this.task.lchown(newPath, uid, gid);
    this.task.chmod(newPath, mode & 0o7777);
    this.task.utimensat(AT_FDCWD, newPath, atime, mtime, AT_SYMLINK_NOFOLLOW);
  }

  /** `ln -sfn`: a new link under a name of its own takes the old one's place. */
  relink(target: string, path: string): void {
    this.task.symlink(target, `${path}.tmp`);
    this.task.rename(`${path}.tmp`, path);
  }
}

/** scripts/mutate.sh of the recording. */
export function mutate(task: SubjectTask): void {
  task.chdir('/');
  const sh = new Shell(task, 1_600_001_000);
  changeFiles(sh);
  changeDirectories(sh);
  linkAndRename(sh);
  changeAttributes(sh);
  makeNodes(sh);
  makeNames(sh);
  sh.t('w/sub', 'w');
}

function changeFiles(sh: Shell): void {
  sh.make('w/added', 'added\n');
  sh.mkdir('w/newdir');
  sh.write('w/newdir/n', 'n\n');
  sh.mkdir('w/newdir/emptydir');
  sh.t('w/newdir/n', 'w/newdir/emptydir', 'w/newdir');
  sh.make('w/change', 'after!!\n');
  sh.append('w/append', 'appended\n');
  sh.t('w/append');
  sh.remove('w/delete', 'w/deldir', 'w/delfifo');
}

function changeDirectories(sh: Shell): void {
  sh.remove('w/opaque');
  sh.mkdir('w/opaque');
  sh.write('w/opaque/new1', 'new1\n');
  sh.write('w/opaque/same', 'same name, new\n');
  sh.t('w/opaque/new1', 'w/opaque/same', 'w/opaque');
  sh.remove('w/dir2file');
  sh.make('w/dir2file', 'now a file\n');
  sh.remove('w/file2dir');
  sh.mkdir('w/file2dir');
  sh.write('w/file2dir/inside', 'inside\n');
  sh.t('w/file2dir/inside', 'w/file2dir');
  sh.remove('w/dir2link');
  sh.task.symlink('untouched', 'w/dir2link');
  sh.t('w/dir2link');
}

function linkAndRename(sh: Shell): void {
  sh.relink('append', 'w/link');
  sh.t('w/link');
  sh.task.link('w/hard1', 'w/hard3');
  sh.task.link('w/added', 'w/added-link');
  sh.move('w/renfile', 'w/renamed');
  sh.move('w/rendir', 'w/renameddir');
  sh.t('w/renameddir', 'w/renameddir/g');
}

function changeAttributes(sh: Shell): void {
  sh.task.chmod('w/chmodonly', 0o600);
  sh.task.chown('w/chownonly', 1000, 50);
  sh.touch('w/touchonly', { sec: 1_600_001_234, nsec: 0 });
  sh.write('w/touchsame', 'rewritten with same content\n');
  sh.touch('w/touchsame', { sec: 1_600_000_000, nsec: 0 });
  sh.write('w/tempfile', 'tmp\n');
  sh.remove('w/tempfile', 'w/delrecreate');
  sh.write('w/delrecreate', 'will be deleted and recreated\n');
  sh.touch('w/delrecreate', { sec: 1_600_000_000, nsec: 0 });
}

function makeNodes(sh: Shell): void {
  const { task } = sh;
  task.mknod('w/newfifo', S_IFIFO | 0o666, 0);
  task.mknod('w/newchr', S_IFCHR | 0o666, makedev(1, 5));
  task.chmod('w/newchr', 0o644);
  task.mknod('w/sock', S_IFSOCK | 0o777, 0);
  sh.t('w/newfifo', 'w/newchr', 'w/sock');
  sh.write('w/newsuid', 'new suid\n');
  task.chmod('w/newsuid', 0o6755);
  sh.write('w/newxattr', 'x\n');
  task.setxattr('w/newxattr', 'user.color', Buffer.from('red'), 0);
  sh.write('w/newcap', 'x\n');
  task.setxattr('w/newcap', 'security.capability', CAPABILITY, 0);
  sh.t('w/newsuid', 'w/newxattr', 'w/newcap');
  sh.make('w/sub/deep/leaf', 'leaf changed\n');
}

function makeNames(sh: Shell): void {
  const { task } = sh;
  sh.make('w/neu-é-漢.txt', 'u\n');
  sh.make(`w/${LONG}`, 'l\n');
  sh.mkdir('w/deep', `w/deep/${LONG}`, `w/deep/${LONG}/${LONG}`);
  sh.write(`w/deep/${LONG}/${LONG}/f`, 'l\n');
  sh.t(`w/deep/${LONG}/${LONG}/f`, `w/deep/${LONG}/${LONG}`, `w/deep/${LONG}`, 'w/deep');
  sh.write('w/newfrac', 'frac\n');
  sh.touch('w/newfrac', { sec: 1_600_001_000, nsec: 123_456_789 });
  sh.write('w/newbiguid', 'big\n');
  task.chown('w/newbiguid', 3_000_000, 3_000_001);
  sh.t('w/newbiguid');
  sh.write('w/neg', 'old\n');
  sh.touch('w/neg', { sec: -5, nsec: 0 });
  sh.write('w/sparse', '');
  task.truncate('w/sparse', 100_000);
  sh.t('w/sparse');
  sh.make('w/new\nline', 'w\n');
  sh.make('w/ lead trail ', 'sp\n');
  sh.make('w/dot.wh.mid', 'wh\n');
}

/** order/mut.sh of the recording. */
export function mutateOrder(task: SubjectTask): void {
  task.chdir('/');
  const sh = new Shell(task, 1_600_001_000);
  const names = ['a/new', 'a-b', 'a.c', 'a0', 'C', 'é', 'Z', '_'];
  for (const [at, name] of names.entries()) sh.write(`d/${name}`, `${at + 1}\n`);
  sh.mkdir('d/a-dir');
  sh.write('d/a-dir/x', '9\n');
  sh.remove('d/gone', 'd/B', 'd/swap');
  sh.mkdir('d/swap');
  task.rmdir('d/swap');
  sh.write('d/swap', 'back\n');
  sh.remove('d/opq');
  sh.mkdir('d/opq', 'd/opq/in');
  sh.write('d/opq/in/g', 'x\n');
  task.chmod('d/same', 0o700);
  sh.mkdir('d/made');
  task.rmdir('d/made');
  sh.write('d/h1', 'h\n');
  task.link('d/h1', 'd/a/h2');
  task.link('d/h1', 'd/zz');
  const more = ['a-dir/x', 'a-dir', 'swap', 'opq/in/g', 'opq/in', 'opq', 'h1', 'a'];
  sh.t(...[...names, ...more].map((name) => `d/${name}`), 'd');
}
