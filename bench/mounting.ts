/** How long a mount takes when the layer holds few files or very many: in one process, taking turns. */
import { runChild } from './child.ts';

export interface MountingSample {
  readonly files: number;
  /** Of one mount, a number for each round. */
  readonly microseconds: readonly number[];
}

/** @param index where the library lies */
export function measureMounting(index: string, sizes: readonly number[], rounds: number): MountingSample[] {
  return runChild<MountingSample[]>('./mounting-child.ts', index, rounds, ...sizes);
}
