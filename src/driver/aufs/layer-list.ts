/** The layers below a layer, as its file in `layers/` names them. @see moby daemon/graphdriver/aufs/dirs.go (getParentIDs) */
import type { Task } from '../../kernel/task.ts';
import { orNoSuchLayer } from '../layer-id.ts';
import { readText } from '../text-file.ts';
import { layerPaths } from './layout.ts';

/** The ids of the layers below, the nearest first; none for a base layer. @throws DriverError `ERR_DRIVER_ID` where there is no such layer */
export function parentsOf(task: Task, home: string, id: string): readonly string[] {
  const { layers } = layerPaths(home, id);
  const text = orNoSuchLayer('open', layers, () => readText(task, layers));
  return text.split('\n').filter((line) => line !== '');
}

/** What the file of a layer on top of those holds. */
export const layerList = (parents: readonly string[]): string => parents.map((id) => `${id}\n`).join('');
