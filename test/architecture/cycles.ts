/** Cycles of a directed graph. */

/** Each group of nodes that reach each other, sorted; nodes that reach only themselves through an edge included. */
export function cyclesOf(edges: readonly (readonly [from: string, to: string])[]): string[][] {
  const next = new Map<string, string[]>();
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const reach = new Map([...next.keys()].map((node) => [node, reachableFrom(next, node)]));
  const groups = new Map<string, string[]>();
  for (const [node, reached] of reach) {
    if (!reached.has(node)) continue;
    const group = [...reached].filter((other) => reach.get(other)?.has(node)).sort();
    groups.set(group.join(' '), group);
  }
  return [...groups.values()].sort();
}

function reachableFrom(next: ReadonlyMap<string, readonly string[]>, start: string): Set<string> {
  const seen = new Set<string>();
  const waiting = [...(next.get(start) ?? [])];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    waiting.push(...(next.get(node) ?? []));
  }
  return seen;
}
