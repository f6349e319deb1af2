/** Two union filesystems side by side on the same sequence: how far they answer the same. */
import { isDeepStrictEqual } from 'node:util';
import type { Answer, Entry, RecordedCase } from './recording.ts';
import { type RecordedUnion, Replayer } from './replayer.ts';

/** What every union filesystem numbers, counts and orders in its own way. */
function withoutOwnWays({ ok, err }: Answer): Answer {
  if (err !== undefined) return { err };
  if (Array.isArray(ok)) return { ok: [...ok].sort() };
  if (typeof ok !== 'object' || ok === null) return { ok };
  const { i, n, ...rest } = ok as Entry;
  return { ok: rest.t === 'd' ? rest : { ...rest, n } };
}

/** The first step that the two answer differently; -1 where there is none. */
export const firstDifference = (some: readonly Answer[], others: readonly Answer[]): number =>
  some.findIndex((answer, at) => !isDeepStrictEqual(withoutOwnWays(answer), withoutOwnWays(others[at]!)));

export const recordedAnswers = ({ steps }: RecordedCase): Answer[] => steps.map(({ result }) => result);

/** What our own filesystem answers. */
export function answersOf(union: RecordedUnion, recorded: RecordedCase, options: string): Answer[] {
  const replayer = new Replayer(union, recorded, options);
  return recorded.steps.map(({ do: call }) => replayer.step(call));
}
