/** The two machines that are put side by side: one mounts unions as Docker does with AUFS, one as it does with overlay2. */
import { aufs, auplink } from '../../src/filesystem/aufs/index.ts';
import type { Task } from '../../src/kernel/task.ts';
import type { Layer } from '../../src/testing/layers.ts';
import type { Subject } from '../../src/testing/subject.ts';
import { createMachine } from '../../src/union/create-machine.ts';
import { linearExt4 } from '../golden/union/linear-ext4.ts';
import { DOCKER_OPTIONS } from '../unit/filesystem/aufs/machine.ts';
import { inAufsForm } from './layer-form.ts';

/** A machine, and the form in which layers are put on its disk. */
export interface Side {
  readonly subject: Subject;
  readonly form: (layer: Layer) => Layer;
}

const DIRECTORY = '/fuzz';

/** `lowerdir=`, `upperdir=` of an overlay mount as branches of AUFS. */
function branchesOf(data: string): string {
  const given = new Map(data.split(',').map((option) => option.split('=') as [string, string]));
  const lower = given.get('lowerdir')!.split(':');
  return [`${given.get('upperdir')}=rw`, ...lower.map((path) => `${path}=ro+wh`)].join(':');
}

/** Where something is asked to mount an overlay, AUFS is mounted; pseudo-links are written out before it is unmounted. */
export function mountingAufs(task: Task): Task {
  return new Proxy(task, {
    get(target, key: keyof Task) {
      if (key === 'mount') {
        return (...[source, at, type, data, flags]: Parameters<Task['mount']>) =>
          type === 'overlay'
            ? target.mount('none', at, 'aufs', `br:${branchesOf(data ?? '')},${DOCKER_OPTIONS}`, flags)
            : target.mount(source, at, type, data, flags);
      }
      if (key === 'umount') {
        return (...[path, flags]: Parameters<Task['umount']>) => {
          if (path.endsWith('/merged')) auplink(target, ['auplink', path, 'flush']);
          target.umount(path, flags);
        };
      }
      const value = target[key] as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

export function aufsSide(): Side {
  const { task, fs } = createMachine({ filesystems: [linearExt4, aufs] });
  fs.mkdirSync('/dev/shm', { recursive: true });
  return { subject: { name: 'AUFS', task: mountingAufs(task), directory: DIRECTORY }, form: inAufsForm };
}

export function overlaySide(): Side {
  const { task } = createMachine({ filesystems: [linearExt4] });
  return { subject: { name: 'overlayfs', task, directory: DIRECTORY }, form: (layer) => layer };
}
