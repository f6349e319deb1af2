/** What this kernel's overlays keep of POSIX, found out on one that is gone afterwards. */
import type { Task } from '../kernel/task.ts';
import { copyDirectory } from './copy-directory.ts';
import type { NonStandard } from './driver.ts';
import { inTemporary } from './make-directory.ts';
import { makeProbed, nonStandardOf } from './non-standard.ts';
import { withOverlay } from './overlay-check.ts';

/** How a driver uses overlays. */
export interface OverlayUse {
  /** What every mount begins with, a comma behind each option. */
  readonly mountOptions: string;
  /** A file of one layer is a hard link to that of another. */
  readonly hardLinked: boolean;
}

/** Where an overlay on this kernel and this disk is not like a directory of one's own. */
export function overlayNonStandard(task: Task, home: string, use: OverlayUse): ReadonlySet<NonStandard> {
  return inTemporary(task, home, 'feature-check', (top) => {
    for (const name of ['lower', 'upper', 'work', 'merged']) task.mkdir(`${top}/${name}`, 0o755);
    makeProbed(task, `${top}/lower`);
    if (use.hardLinked) copyDirectory(task, `${top}/lower`, `${top}/another`, { mode: 'hard-link', opaque: false });
    const data = `${use.mountOptions}lowerdir=${top}/lower,upperdir=${top}/upper,workdir=${top}/work`;
    return withOverlay(task, top, data, () => nonStandardOf(task, `${top}/merged`));
  });
}
