/** The mounts that texts on AUFS begin with: fruits above vegetables, two writable branches, whiteouts by hand. */
import { createMachine } from 'lowerdir';
import { aufs } from 'lowerdir/filesystem/aufs';
import { draw } from './draw.ts';

/** One machine for each experiment. */
function machine() {
  const { task, fs } = createMachine({ filesystems: [aufs] });
  for (const name of ['/home', '/home/fruits', '/home/vegetables', '/home/test', '/home/mnt', '/proc'])
    fs.mkdirSync(name);
  for (const name of ['fruits/apple', 'fruits/tomato', 'vegetables/carrots', 'vegetables/tomato']) {
    fs.writeFileSync(`/home/${name}`, `I am ${name}`);
  }
  task.chdir('/home');
  task.mount('proc', '/proc', 'proc');
  return { task, fs };
}

function first(): void {
  const { task, fs } = machine();
  console.log('$ mount -t aufs -o dirs=./fruits:./vegetables none ./mnt');
  task.mount('none', './mnt', 'aufs', 'dirs=./fruits:./vegetables');
  console.log(draw(task, 'mnt'));
  console.log('$ echo mnt > mnt/apple; echo mnt_carrots > mnt/carrots');
  fs.writeFileSync('mnt/apple', 'mnt');
  fs.writeFileSync('mnt/carrots', 'mnt_carrots');
  console.log(draw(task, 'fruits', 'vegetables'));
}

function twoWritable(): void {
  const { task, fs } = machine();
  console.log('\n$ mount -t aufs -o dirs=./fruits=rw:./vegetables=rw none ./mnt');
  task.mount('none', './mnt', 'aufs', 'dirs=./fruits=rw:./vegetables=rw');
  console.log('$ echo mnt_carrots > mnt/carrots; echo mnt_tomato > mnt/tomato');
  fs.writeFileSync('mnt/carrots', 'mnt_carrots');
  fs.writeFileSync('mnt/tomato', 'mnt_tomato');
  console.log(fs.readFileSync('fruits/tomato', 'utf8'), fs.readFileSync('vegetables/tomato', 'utf8'));
  console.log(fs.existsSync('fruits/carrots'), fs.readFileSync('vegetables/carrots', 'utf8'));
}

function whiteouts(): void {
  const { task, fs } = machine();
  console.log('\n$ touch test/.wh.apple');
  fs.writeFileSync('test/.wh.apple', '');
  console.log('$ mount -t aufs -o dirs=./test=rw:./fruits=ro:./vegetables=ro none ./mnt');
  task.mount('none', './mnt', 'aufs', 'dirs=./test=rw:./fruits=ro:./vegetables=ro');
  console.log(draw(task, 'mnt'));
  console.log('$ rm mnt/tomato');
  fs.unlinkSync('mnt/tomato');
  console.log(draw(task, 'mnt', 'test'));
  console.log('$ grep aufs /proc/mounts');
  console.log(
    fs
      .readFileSync('/proc/mounts', 'utf8')
      .match(/.* aufs .*/)![0]
      .replace(/si=\w+/, 'si=…'),
  );
}

first();
twoWritable();
whiteouts();
