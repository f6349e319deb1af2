/** A layer from a real directory: one of the two doors to the outside. It is only ever read. */
import { realpathSync, statSync } from 'node:fs';
import { hostfs } from '../filesystem/hostfs/index.ts';
import type { LayerSource } from './layer-source.ts';
import { UnionError } from './union-error.ts';

/**
 * The real directory at `path`, read when names are looked up. It is taken to stand still while a union has it.
 *
 * @throws UnionError `ERR_UNION_LAYERS` where there is no such directory
 */
export function directory(path: string): LayerSource {
  const real = realDirectory(path);
  return Object.freeze({
    name: real,
    filesystem: hostfs(),
    attach(machine: Parameters<LayerSource['attach']>[0], at: string): string {
      machine.task.mount(real, at, 'hostfs');
      return at;
    },
  });
}

function realDirectory(path: string): string {
  try {
    if (statSync(path).isDirectory()) return realpathSync(path);
  } catch (cause) {
    throw new UnionError('ERR_UNION_LAYERS', `there is no directory "${path}"`, { cause });
  }
  throw new UnionError('ERR_UNION_LAYERS', `"${path}" is no directory`);
}
