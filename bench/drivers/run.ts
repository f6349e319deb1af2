/** `npm run bench -- drivers`: what the graph drivers share, copy and cost. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Layer } from '../../src/layer/layer.ts';
import type { BenchOptions } from '../options.ts';
import { commit, create, firstWrites, listChanges, read } from './actions.ts';
import { type Action, type Cost, type Costing, costsOf } from './cost.ts';
import { type Daemon, installed, started } from './daemon.ts';
import { addLayer, bigFiles, files, oneFile } from './images.ts';
import { LAYER_BYTES, measureIngest } from './ingest.ts';
import { type DriverLibrary, loadDriverLibrary } from './library.ts';
import { printCosts, printIngest, printStacks } from './report.ts';
import { measureStack, type Stack } from './stack.ts';

const DEPTHS = [1, 8, 32, 120];

/** A daemon for each driver with an image, and its chainID. */
function daemonsWith({ library, types }: Costing, fill: (daemon: Daemon) => Layer): [Daemon[], string] {
  const daemons = types.map((type) => started(library, installed(library, type), type));
  const [chainID, ...others] = daemons.map((daemon) => fill(daemon).chainID);
  if (others.some((other) => other !== chainID)) throw new Error('the drivers do not agree on the chainID of an image');
  return [daemons, chainID!];
}

function stacked(library: DriverLibrary, daemon: Daemon, depth: number): Layer {
  let layer: Layer | undefined;
  for (let i = 0; i < depth; i++) layer = addLayer(library, daemon, oneFile(i), layer);
  return layer!;
}

function measureAll(costing: Costing, quick: boolean): Cost[] {
  const { library } = costing;
  const costs: Cost[] = [];
  const on = <P>(image: [Daemon[], string], actions: readonly Action<P>[]): void => {
    for (const action of actions) costs.push(...costsOf(costing, image[0], action));
  };
  const sizes = quick ? [10, 1000] : [10, 1000, 10_000];
  const many = daemonsWith(costing, (daemon) => addLayer(library, daemon, files(sizes.at(-1)!)));
  on(many, [create(many[1])]);
  const big = daemonsWith(costing, (daemon) => addLayer(library, daemon, bigFiles()));
  on(big, firstWrites(big[1]));
  for (const depth of DEPTHS) {
    const deep = daemonsWith(costing, (daemon) => stacked(library, daemon, depth));
    on(deep, [create(deep[1], ` on ${depth} ${depth === 1 ? 'layer' : 'layers'}`)]);
    on(deep, [read(deep[1], depth)]);
  }
  for (const size of sizes) on(many, [listChanges(many[1], size), commit(many[1], size)]);
  return costs;
}

export async function runDrivers({ quick, rounds, wantsRow }: BenchOptions): Promise<void> {
  setFlagsFromString('--expose-gc');
  globalThis.gc = runInNewContext('gc');
  const library = await loadDriverLibrary();
  const types = [library.overlay2(), library.overlay(), library.aufs(), library.vfs()];
  const costing: Costing = { library, types, rounds };
  console.log('# lowerdir drivers\n');
  if (wantsRow('costs')) printCosts(measureAll(costing, quick));
  if (wantsRow('space')) {
    const stacks: Stack[] = types.map((type) =>
      measureStack(library, started(library, installed(library, type), type)),
    );
    printStacks(stacks);
  }
  if (wantsRow('ingest')) {
    const sample = await measureIngest(
      library,
      library.overlay2(),
      quick ? LAYER_BYTES / 10 : LAYER_BYTES,
      Math.min(rounds, 5),
    );
    printIngest(sample);
  }
}
