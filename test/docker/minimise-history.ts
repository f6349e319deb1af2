/** Makes a diverging history as small as it gets while it still diverges. */
import type { HistoryDivergence } from './compare.ts';
import type { Layer } from '../../src/testing/layers.ts';
import type { History, HistoryStep } from './history.ts';
import type { OddArchive } from './odd-archive.ts';

type Compare = (history: History) => Promise<HistoryDivergence | undefined>;

/** Leaves out parts of a list, large ones first, as long as `fails` holds. */
async function minimiseList<T>(list: readonly T[], fails: (shorter: readonly T[]) => Promise<boolean>): Promise<void> {
  let kept = list;
  for (let size = Math.max(1, kept.length >> 1); ; size >>= 1) {
    for (let at = kept.length - size; at >= 0; at -= size) {
      const shorter = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (await fails(shorter)) kept = shorter;
      at = Math.min(at, kept.length);
    }
    if (size <= 1) return;
  }
}

type With = (step: HistoryStep) => History;

type Part = { readonly list: readonly unknown[]; readonly put: (shorter: readonly unknown[]) => HistoryStep };

/** The entries of a layer or of an odd archive. */
function partOf(layer: Layer | OddArchive, put: (shorter: Layer | OddArchive) => HistoryStep): Part {
  if ('odd' in layer) return { list: layer.odd, put: (odd) => put({ odd: odd as OddArchive['odd'] }) };
  return { list: layer, put: (shorter) => put(shorter as Layer) };
}

/** The lists within a step that may be made shorter, and the step with a shorter one. */
function listsOf(step: HistoryStep): Part[] {
  switch (step.step) {
    case 'work':
      return [{ list: step.changes, put: (changes) => ({ ...step, changes: changes as typeof step.changes }) }];
    case 'import': {
      if (typeof step.base === 'string') return [];
      return [partOf(step.base, (base) => ({ ...step, base }))];
    }
    case 'load': {
      const each = step.layers.map((layer, at) =>
        partOf(layer, (shorter) => ({ ...step, layers: step.layers.with(at, shorter) })),
      );
      return [{ list: step.layers, put: (layers) => ({ ...step, layers: layers as typeof step.layers }) }, ...each];
    }
    default:
      return [];
  }
}

/** The smallest history that was found and differs in what `first` differs in, and its divergence. */
export async function minimiseHistory(
  history: History,
  first: HistoryDivergence,
  compare: Compare,
  milliseconds: number,
): Promise<readonly [History, HistoryDivergence]> {
  let best = history;
  let divergence = first;
  const until = performance.now() + milliseconds;
  const fails = async (candidate: History): Promise<boolean> => {
    const found = performance.now() > until || candidate.length === 0 ? undefined : await compare(candidate);
    if (found?.what !== first.what) return false;
    [best, divergence] = [candidate, found];
    return true;
  };
  for (let before = ''; before !== JSON.stringify(best) && performance.now() < until; ) {
    before = JSON.stringify(best);
    if (typeof divergence.at === 'number') await fails(best.slice(0, divergence.at + 1));
    await minimiseList(best, fails);
    for (let at = 0; at < best.length; at++) {
      const put: With = (step) => best.with(at, step);
      for (let list = 0; list < listsOf(best[at]!).length; list++) {
        await minimiseList(listsOf(best[at]!)[list]!.list, (shorter) =>
          fails(put(listsOf(best[at]!)[list]!.put(shorter))),
        );
      }
    }
  }
  return [best, divergence];
}
