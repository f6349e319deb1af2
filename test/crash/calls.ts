/** Calls that change a union, each in a fresh one; some are refused by some options. */
import { AT_EMPTY_PATH, AT_FDCWD, O_RDWR, O_TMPFILE, RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../src/abi/flags.ts';
import type { Task } from '../../src/kernel/task.ts';
import { append, bytes, open, plainCalls } from './plain-calls.ts';

const exchange = (task: Task, path: string, newPath: string): void =>
  task.renameat2(AT_FDCWD, path, AT_FDCWD, newPath, RENAME_EXCHANGE);

const creating: Readonly<Record<string, (task: Task) => void>> = {
  'mkdir in a moved directory': (task) => task.mkdir('middle2/new'),
  'O_TMPFILE and link in a lower directory': (task) =>
    open(task, 'd/e', O_TMPFILE | O_RDWR, (fd) => {
      task.write(fd, bytes('nameless'));
      task.linkat(fd, '', AT_FDCWD, 'd/e/new', AT_EMPTY_PATH);
    }),
  'O_TMPFILE and link over a whiteout': (task) =>
    open(task, 'm', O_TMPFILE | O_RDWR, (fd) => task.linkat(fd, '', AT_FDCWD, 'gone', AT_EMPTY_PATH)),
};

const linking: Readonly<Record<string, (task: Task) => void>> = {
  'link of a lower file with several names': (task) => task.link('linked', 'm/name'),
  'link of a lower file whose other name is copied up': (task) => task.link('apart/linked1', 'm/name'),
  'link of a lower symlink with several names': (task) => task.link('soft', 'd/e/soft'),
  'unlink of a lower file with several names': (task) => task.unlink('apart/linked'),
  'unlink of the name of a copied-up file with several': (task) => task.unlink('linked1'),
  'unlink of the other name of a copied-up file': (task) => task.unlink('apart/linked1'),
  'unlink of a file in all layers': (task) => task.unlink('m/both'),
  'rmdir of a directory in the middle': (task) => task.rmdir('d/e/sub'),
};

const changing: Readonly<Record<string, (task: Task) => void>> = {
  'chmod of a lower file with several names': (task) => task.chmod('linked', 0o600),
  'chmod of the other name of a copied-up file': (task) => task.chmod('apart/linked1', 0o700),
  'chmod in a moved directory': (task) => task.chmod('middle2/own', 0o600),
};

const writing: Readonly<Record<string, (task: Task) => void>> = {
  'append to a lower file with several names': (task) => append(task, 'd/linked', '!'),
  'append to the other name of a copied-up file': (task) => append(task, 'apart/linked1', '!'),
  'append to a file that was changed in the middle': (task) => append(task, 'meta1', '!'),
  'open of a sparse lower file for writing': (task) => open(task, 'big', O_RDWR),
  'open of a copied-up file for writing': (task) => open(task, 'meta', O_RDWR),
};

const renaming: Readonly<Record<string, (task: Task) => void>> = {
  'rename of a lower file': (task) => task.rename('d/e/f', 'd/e/g'),
  'rename of a lower file to another directory': (task) => task.rename('d/e/f', 'm/f'),
  'rename of a lower file over a lower one': (task) => task.rename('d/e/f', 'over'),
  'rename of a lower file over a copied-up one': (task) => task.rename('d/e/f', 'meta'),
  'rename of a lower name of several': (task) => task.rename('linked', 'm/name'),
  'rename of a file onto another name of it': (task) => task.rename('linked', 'd/linked'),
  'rename of a file over a name of several': (task) => task.rename('d/e/f', 'apart/linked'),
  'rename of a copied-up file': (task) => task.rename('meta', 'd/e/meta'),
  'rename of an upper file over a lower one': (task) => task.rename('top', 'over'),
  'rename of an upper file over a whiteout': (task) => task.rename('top', 'gone'),
  'rename of an upper file': (task) => task.rename('pure/own', 'pure/other'),
  'rename without replacing': (task) => task.renameat2(AT_FDCWD, 'd/e/f', AT_FDCWD, 'm/f', RENAME_NOREPLACE),
  'rename of an upper directory into a merged one': (task) => task.rename('pure', 'm/pure'),
  'rename of an upper directory over a whiteout': (task) => task.rename('pure', 'gonedir'),
  'rename of an upper directory over an emptied one': (task) => task.rename('pure', 'emptied'),
  'rename of a lower directory': (task) => task.rename('moves', 'moves2'),
  'rename of a lower directory to another one': (task) => task.rename('moves', 'd/e/moves'),
  'rename of a lower directory over a whiteout': (task) => task.rename('moves', 'gonedir'),
  'rename of a lower directory over an emptied one': (task) => task.rename('moves', 'emptied'),
  'rename of a merged directory': (task) => task.rename('m', 'd/m'),
  'rename of a directory in one that was moved': (task) => task.rename('m/moved1', 'moved2'),
  'rename of a moved directory': (task) => task.rename('middle2', 'd/middle3'),
  'exchange of a lower and an upper file': (task) => exchange(task, 'd/e/f', 'top'),
  'exchange of two lower files': (task) => exchange(task, 'd/e/f', 'over'),
  'exchange of a lower file and an upper directory': (task) => exchange(task, 'd/e/f', 'pure'),
  'exchange of a lower and an upper directory': (task) => exchange(task, 'moves', 'pure'),
  'exchange of two lower directories': (task) => exchange(task, 'moves', 'd/e'),
};

/** What is done in the root of the union. */
export const calls: Readonly<Record<string, (task: Task) => void>> = {
  ...plainCalls,
  ...creating,
  ...linking,
  ...changing,
  ...writing,
  ...renaming,
};
