/** What a filesystem is compared with: anything that answers the calls of scenarios in a directory of its own. */
import { createMachine } from '../../union/create-machine.ts';
import type { FilesystemType } from '../../kernel/superblock.ts';
import { makeParents } from '../build.ts';
import { Replay } from '../replay.ts';
import type { SubjectTask } from '../subject.ts';
import { type ModelTask, PosixModel } from './posix-model.ts';

/** An empty directory, and who works in it. */
export interface MountedDirectory {
  /** What it is called in messages. */
  readonly name: string;
  readonly task: ModelTask & Partial<SubjectTask>;
  /** Absolute, without a slash behind it. */
  readonly directory: string;
  /** Calls that cannot be made here: scenarios that make them are left out. */
  readonly without?: readonly string[];
  /** Times cannot be set more finely than that. */
  readonly times?: 'seconds';
  /** Unmounts it and mounts it again. */
  remount?(): void;
  /** Nobody will use it any more. */
  release?(): void;
}

/** Where the model and mounted filesystems are; symlinks may lead there by their whole path. */
const DIRECTORY = '/mnt/tree';

/** The pure model. */
export function posixModel(model: PosixModel = new PosixModel(), directory = DIRECTORY): MountedDirectory {
  for (let at = directory.indexOf('/', 1); at > 0; at = directory.indexOf('/', at + 1)) {
    model.mkdir(directory.slice(0, at), 0o755);
  }
  model.mkdir(directory, 0o755);
  return { name: 'the model', task: model, directory };
}

/** The filesystem, mounted on a machine of its own. */
export function mountedFilesystem(type: FilesystemType, options = ''): MountedDirectory {
  const { task } = createMachine({ filesystems: [type] });
  makeParents(task, `${DIRECTORY}/`);
  const mount = () => task.mount('none', DIRECTORY, type.name, options);
  mount();
  task.umask(0);
  return { name: type.name, task, directory: DIRECTORY };
}

/** The course of a scenario there. */
export const replayIn = ({ name, task, directory }: MountedDirectory): Replay =>
  new Replay({ name, task: task as SubjectTask, directory }, directory, undefined);
