/** Runs the namespace cases as the root of a user namespace of the real kernel, and prints the answers. */
import koffi from 'koffi';
import { AT_FDCWD, CLONE_NEWNS, O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY } from '../../src/abi/flags.ts';
import { checked, cstring, libc } from './linux-libc.ts';
import { cases as idCases } from './namespace-cases.ts';
import { LinuxNamespaceTask, runInside } from './namespace-jail.ts';
import { cases as overlayCases } from './namespace-overlay-cases.ts';

const cases = { ...idCases, ...overlayCases };
const library = koffi.load('libc.so.6');
const setns = library.func('int setns(int fd, int type)') as (fd: number, type: number) => number;

const open = (path: string, flags: number) => checked(libc.open(AT_FDCWD, cstring(path), flags | O_CLOEXEC, 0), path);
// the thread stops sharing its root with the others, as it has to before it may change namespaces
checked(libc.unshare(CLONE_NEWNS), 'unshare');
const outside = {
  root: open('/', O_PATH | O_DIRECTORY),
  proc: open('/proc/thread-self', O_PATH | O_DIRECTORY),
  namespace: open('/proc/thread-self/ns/mnt', O_RDONLY),
};
const back = () => void checked(setns(outside.namespace, CLONE_NEWNS), 'setns');
const answers = runInside(Object.values(cases), new LinuxNamespaceTask(outside), back);
process.stdout.write(JSON.stringify(answers));
