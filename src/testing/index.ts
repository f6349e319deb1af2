/**
 * What others run against their own machine, filesystem or graph driver: suites, a model, named scenarios, random layers
 * and operations, replay and comparison. Needs `fast-check`.
 *
 * @packageDocumentation
 */
export { applyOperation } from './calls.ts';
export { type CompareOptions, compareTasks, type Divergence, type Subject } from './compare.ts';
export { Describer } from './describe.ts';
export { type DriverMachine, type DriverSuiteParts, driverSuite } from './driver/driver-suite.ts';
export { type UpstreamSuite, upstreamSuites } from './driver/upstream-cases.ts';
export { AssertionFailure } from './expectation.ts';
export { type Pair, runSteps, type Step, treeCommands, treeStep } from './filesystem/commands.ts';
export { type FilesystemSuiteParts, filesystemSuite } from './filesystem/filesystem-suite.ts';
export { type NodeFs, nodeDirectory } from './filesystem/node-directory.ts';
export { type ModelTask, PosixModel } from './filesystem/posix-model.ts';
export { type MountedDirectory, mountedFilesystem, posixModel } from './filesystem/oracle.ts';
export type { PlainCall, PlainOperation } from './filesystem/plain-operations.ts';
export type { Scenario } from './filesystem/scenario.ts';
export { scenarioGroups, scenarios, sequenceOf } from './filesystem/scenarios.ts';
export { UnionModel } from './filesystem/union-model.ts';
export { type ListingOptions, type ListingTask, listTree } from './listing.ts';
export { type Layer, type LayerEntry, layerStack, overlayLayer, plainLayer } from './layers.ts';
export { masks, type OptionalMask, optionalMasks } from './masks.ts';
export { directoryPath, filePath, plainPath, symlinkTarget } from './names.ts';
export { type Callers, type OperationChoice, operation } from './draw.ts';
export { mountOptions } from './mount-options.ts';
export type { Caller, Operation } from './operations.ts';
export { Replay } from './replay.ts';
export { type Sequence, type SequenceChoice, sequence } from './sequence.ts';
export { type Runner, runSuite, type SuiteCase } from './suite.ts';
export type { Result, SubjectTask } from './subject.ts';
export { dumpTree } from './tree.ts';
export { type Layout, layouts } from './union.ts';
