/** A container on the driver aufs: what the daemon keeps where, what a file in the container leaves, what a commit makes. */
import { createHash } from 'node:crypto';
import { createMachine } from 'lowerdir';
import { nodeCodecs, packTree } from 'lowerdir/archive';
import { aufs } from 'lowerdir/driver/aufs';
import { createLayerStore, initLayer } from 'lowerdir/layer';

const { task, fs } = createMachine({ drivers: [aufs()] });
const cat = (path: string): string => fs.readFileSync(path, 'utf8').trim();
const ls = (path: string): string => fs.readdirSync(path).sort().join('  ');

fs.mkdirSync('/var/lib/docker', { recursive: true });
const root = '/var/lib/docker/image/aufs/layerdb';
const home = '/var/lib/docker/aufs';
const driver = aufs().init({ task, home });
const layers = createLayerStore({ task, root, driver, codecs: nodeCodecs });
for (const [key, value] of driver.status()) console.log(`${key}: ${value}`);

console.log('\n# docker pull centos:7');
for (const name of ['bin', 'etc', 'usr', 'var']) fs.mkdirSync(`/centos/${name}`, { recursive: true });
fs.writeFileSync('/centos/etc/motd', 'hello\n');
const image = layers.register(packTree(task, '/centos'));
const folder = (chainID: string): string => `${root}/sha256/${chainID.slice('sha256:'.length)}`;
console.log(`image/aufs/layerdb/sha256/CHAIN-ID: ${ls(folder(image.chainID))}`);
const imageId = cat(`${folder(image.chainID)}/cache-id`);
console.log(`aufs: ${ls(home)}`);
console.log(`aufs/diff/CACHE-ID: ${ls(`${home}/diff/${imageId}`)}`);

console.log('\n# docker run -it centos:7 bash; touch test.txt; rm /etc/motd');
const container = layers.createRWLayer('c1', image.chainID, { initFunc: (directory) => initLayer(task, directory) });
const merged = container.mount();
fs.writeFileSync(`${merged}/test.txt`, '');
fs.unlinkSync(`${merged}/etc/motd`);
const mountId = cat(`${root}/mounts/c1/mount-id`);
console.log(
  fs
    .readFileSync('/proc/mounts', 'utf8')
    .match(/.* aufs .*/)![0]
    .replace(mountId, 'MOUNT-ID')
    .replace(/si=\w+/, 'si=…'),
);
console.log(`merged, aufs/mnt/MOUNT-ID: ${ls(merged)}`);
console.log(`written, aufs/diff/MOUNT-ID: ${ls(`${home}/diff/${mountId}`)}`);
const below = cat(`${home}/layers/${mountId}`).replace(mountId, 'MOUNT-ID').replace(imageId, 'CACHE-ID');
console.log(`below, aufs/layers/MOUNT-ID: ${below.replace('\n', ', ')}`);
console.log(`the image has test.txt: ${fs.existsSync(`${home}/diff/${imageId}/test.txt`)}`);

console.log('\n# docker commit c1 centos:test');
const committed = layers.register(container.tar(), image.chainID);
const echoed = createHash('sha256').update(`${image.diffID} ${committed.diffID}`).digest('hex');
console.log(`echo -n "DIFF-ID DIFF-ID" | sha256sum: ${echoed === committed.chainID.slice(7) ? 'the chainID' : echoed}`);
const committedId = cat(`${folder(committed.chainID)}/cache-id`);
console.log(`aufs/diff/CACHE-ID: ${ls(`${home}/diff/${committedId}`)}`);
console.log(`aufs/diff/CACHE-ID/etc: ${ls(`${home}/diff/${committedId}/etc`)}`);

console.log('\n# docker rm c1');
container.unmount();
layers.releaseRWLayer(container);
console.log(`its directory is there: ${fs.existsSync(`${home}/diff/${mountId}`)}`);

console.log('\n# docker save, docker load on another machine');
const other = createMachine({ drivers: [aufs()] });
other.fs.mkdirSync('/var/lib/docker', { recursive: true });
const otherLayers = createLayerStore({
  task: other.task,
  root,
  driver: aufs().init({ task: other.task, home }),
  codecs: nodeCodecs,
});
const loaded = otherLayers.register(committed.tar(), otherLayers.register(image.tar()).chainID);
console.log(`the same image: ${loaded.chainID === committed.chainID}`);
otherLayers.createRWLayer('c2', loaded.chainID);
const shown = otherLayers.getRWLayer('c2').mount();
console.log(`ls: ${other.fs.readdirSync(shown).sort().join('  ')}`);
console.log(`etc/motd is there: ${other.fs.existsSync(`${shown}/etc/motd`)}`);
