/** What holds for every driver and every history of layers: properties, with a seed. */
import fc, { type Arbitrary } from 'fast-check';
import { vfs } from '../../driver/vfs/index.ts';
import { expectEqual } from '../expectation.ts';
import type { Step } from '../filesystem/commands.ts';
import { mkdir, put, rmdir, unlink } from '../filesystem/plain-operations.ts';
import { DriverBench } from './driver-bench.ts';
import type { DriverCase } from './driver-case.ts';
import {
  COMMITTED,
  LayerCourse,
  type LayerHistory,
  layerHistory,
  comparableSteps,
  steps,
  UNKEPT,
} from './layer-history.ts';

const RUNS = 12;

/** A law: for what is drawn it must hold, each time on a machine of its own. */
const law = <T>(name: string, drawn: Arbitrary<T>, holds: (bench: DriverBench, value: T) => void): DriverCase => ({
  name,
  run({ parts }) {
    const property = fc.property(drawn, (value) => holds(new DriverBench(parts), value));
    fc.assert(property, { seed: parts.seed ?? 1, numRuns: parts.runs ?? RUNS, includeErrorInReport: true });
  },
});

/** Lives through a history, its last container too. */
function live(bench: DriverBench, history: LayerHistory, linked = true): [LayerCourse, string] {
  const course = new LayerCourse(bench, { linked });
  course.rise(history);
  const container = course.container('container');
  course.live(container, history.container);
  return [course, container];
}

/** Where drivers differ by what their features say, so that two of them cannot be compared. */
const DIFFERING = ['rename', 'link'];
const plainHistory: Arbitrary<LayerHistory> = fc.record({
  base: steps(10, ['link', ...UNKEPT]),
  layers: fc.array(steps(8, [...DIFFERING, 'utimensat']), { maxLength: 2, size: 'max' }),
  container: steps(10, [...DIFFERING, 'utimensat']),
});

/** What a driver shows and tells of the last layers of a history. */
function observed(bench: DriverBench, history: LayerHistory, times: 'files' | 'whole'): unknown {
  const [course, container] = live(bench, history, false);
  const top = course.top!;
  bench.commit('committed', container, top);
  return {
    container: bench.list(container, { links: false, times }),
    changes: bench.changes(container, top),
    committed: bench.list('committed', COMMITTED),
    layers: course.layers.map(({ id }, at) => bench.changes(id, course.layers[at - 1]?.id)),
  };
}

/** Makes something new in the container and removes it again; the tree and its changes are as before. */
function expectUndone(bench: DriverBench, history: LayerHistory, make: Step, undo: Step): void {
  const [course, container] = live(bench, history);
  const told = () => [bench.list(container, { times: 'none' }), bench.changes(container, course.top)];
  const before = told();
  course.live(container, [make]);
  course.live(container, [undo]);
  expectEqual('the tree and its changes', told(), before);
}

/** Several containers on one layer that are written to in turns. */
function expectIsolated(bench: DriverBench, history: LayerHistory, turns: readonly (readonly Step[])[]): void {
  const courses = turns.map((_, at) => {
    const course = new LayerCourse(bench, { prefix: `${at}-` });
    course.rise(history);
    return course;
  });
  const [first] = courses;
  // All containers stand on the first one's layers; the others know what these show.
  const containers = courses.map((_, at) => first!.container(`container-${at}`));
  const roots = containers.map((id) => bench.driver.get(id));
  const longest = Math.max(...turns.map(({ length }) => length));
  for (let turn = 0; turn < longest; turn++) {
    for (const [at, course] of courses.entries()) {
      const step = turns[at]![turn];
      if (step !== undefined) course.liveIn(roots[at]!, containers[at]!, [step]);
    }
  }
  for (const [at, course] of courses.entries()) course.liveIn(roots[at]!, containers[at]!, []);
  for (const id of containers) bench.driver.put(id);
  first!.expectUnchanged();
}

const laws: readonly DriverCase[] = [
  law(
    'a union is like a copy of its layers, one over the other, but for what the features name',
    layerHistory(),
    (bench, history) => {
      live(bench, history);
    },
  ),
  law('a layer never changes, whatever is done above it', layerHistory(3), (bench, history) => {
    const [course] = live(bench, history);
    course.expectUnchanged();
    bench.restart();
    course.expectUnchanged();
  }),
  law('what was committed shows what the container showed, also after a start', layerHistory(), (bench, history) => {
    const course = new LayerCourse(bench);
    course.rise({ ...history, layers: [...history.layers, history.container.filter(isTold)] });
    bench.restart();
    course.expectUnchanged();
  }),
  law(
    'a diff that is applied to the layer below gives the same tree and the same changes',
    plainHistory,
    (bench, history) => {
      const [course, container] = live(bench, history);
      const top = course.top!;
      bench.commit('applied', container, top);
      expectEqual('the tree', bench.list('applied', COMMITTED), bench.list(container, COMMITTED));
      expectEqual('the changes', bench.changes('applied', top), bench.changes(container, top));
      bench.commit('again', 'applied', top);
      expectEqual('the tree of its own diff', bench.list('again', COMMITTED), bench.list('applied', COMMITTED));
    },
  ),
  law('a file that is made and removed again changes nothing', layerHistory(1), (bench, history) => {
    expectUndone(bench, history, put('made-here', 'm', 5000), [unlink('made-here')]);
  }),
  law('a directory that is made and removed again changes nothing', layerHistory(1), (bench, history) => {
    expectUndone(bench, history, [mkdir('made-here')], [rmdir('made-here')]);
  }),
  law(
    'containers that are written to in turns do not see each other',
    fc.tuple(layerHistory(1), fc.array(steps(6), { minLength: 2, maxLength: 4 })),
    (bench, [history, turns]) => expectIsolated(bench, history, turns),
  ),
  law('when all is removed all room is given back', layerHistory(), (bench, history) => {
    bench.driver.remove(bench.make('first'));
    const room = bench.room();
    const [course, container] = live(bench, history);
    bench.driver.remove(container);
    course.removeAll();
    expectEqual('the room that is left', bench.room(), room);
    expectEqual('what is mounted', bench.mounts(), []);
  }),
  law('what is shown and told is what whole copies show and tell', plainHistory, (bench, history) => {
    const copies = new DriverBench({ ...bench.parts, driver: vfs(), home: '/var/lib/docker/vfs-beside', options: [] });
    const shown: LayerHistory = {
      base: comparableSteps(bench, history.base),
      layers: history.layers.map((steps) => comparableSteps(bench, steps)),
      container: comparableSteps(bench, history.container),
    };
    const times = bench.driver.features.nonStandard.has('directory-time') ? 'files' : 'whole';
    expectEqual('all of it', observed(bench, shown, times), observed(copies, shown, times));
  }),
];

/** Whether a commit that compares trees can tell the step. */
const isTold = (step: Step): boolean => step.every(({ call }) => call !== 'utimensat' && call !== 'link');

/** Group by group. */
export const lawCases: Readonly<Record<string, readonly DriverCase[]>> = { laws };
