/** What a named scenario is. */
import type { PlainOperation } from './plain-operations.ts';

/** Something that every filesystem must do in one way. */
export interface Scenario {
  readonly name: string;
  readonly operations: readonly PlainOperation[];
}
