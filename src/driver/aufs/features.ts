/** What the driver offers on this kernel: where its mounts are not like directories of one's own is found out by trying. */
import type { Task } from '../../kernel/task.ts';
import type { DriverFeatures, NonStandard } from '../driver.ts';
import { inTemporary } from '../make-directory.ts';
import { makeProbed, nonStandardOf } from '../non-standard.ts';
import { attempt } from '../refusal.ts';
import { MAX_DEPTH } from './layout.ts';
import { mountLayer } from './mount.ts';

/** The features, found out on a mount that is gone afterwards. */
export function featuresOf(task: Task, home: string, dirperm1: boolean): DriverFeatures {
  const nonStandard = inTemporary(task, home, 'feature-check', (top) => {
    for (const name of ['lower', 'upper', 'merged']) task.mkdir(`${top}/${name}`, 0o755);
    makeProbed(task, `${top}/lower`);
    const target = `${top}/merged`;
    mountLayer(task, { target, branch: `${top}/upper`, below: [`${top}/lower`], dirperm1, label: '' });
    try {
      return nonStandardOf(task, target);
    } finally {
      attempt(() => task.umount(target));
    }
  });
  return Object.freeze({
    copyOnWrite: 'file',
    nativeDiff: true,
    quota: false,
    maxDepth: MAX_DEPTH,
    // auplink changes the owner of what has pseudo-links, to the same one: the kernel drops the bits then.
    nonStandard: new Set<NonStandard>([...nonStandard, 'set-id-bits']),
    changes: 'branch',
  });
}
