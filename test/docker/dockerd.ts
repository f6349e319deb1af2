/** A real dockerd with one graph driver, started for a test in directories of its own and taken away with it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { MNT_DETACH } from '../../src/abi/flags.ts';
import { checked, cstring, libc } from '../differential/linux-libc.ts';

/** The graph drivers that are compared. */
export const driverNames = ['overlay2', 'overlay', 'vfs'] as const;
export type DriverName = (typeof driverNames)[number];

/** The version whose behaviour is the measure. */
const VERSION = '20.10.';
const API = '/v1.41';
const START_TIMEOUT = 60_000;
const STOP_TIMEOUT = 20_000;
const ANSWER_TIMEOUT = 120_000;

/** Why no dockerd can be started here, or `undefined`. */
export function whyNoDocker(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `needs Linux on x64, is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'needs root, for mounts';
  const { stdout, error } = spawnSync('dockerd', ['--version'], { encoding: 'utf8' });
  if (error !== undefined) return 'needs dockerd (Debian: docker.io)';
  return stdout.includes(`version ${VERSION}`) ? undefined : `needs dockerd ${VERSION}x, is ${stdout.trim()}`;
}

/** What dockerd answered. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** An error that dockerd told, with its words. */
export class DockerError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What the data root lies on: the filesystem of the directory for temporary files, or one in memory. */
export type Disk = 'own' | 'tmpfs';

export class Dockerd {
  readonly driver: DriverName;
  /** The data root. */
  readonly root: string;
  readonly #directory: string;
  #process: ChildProcess;

  private constructor(driver: DriverName, directory: string, disk: Disk) {
    this.driver = driver;
    this.#directory = directory;
    this.root = `${directory}/root`;
    mkdirSync(this.root);
    if (disk === 'tmpfs') mountTmpfs(this.root);
    this.#process = this.#spawn();
    process.once('exit', this.#atExit);
  }

  #spawn(): ChildProcess {
    const log = openSync(this.log, 'a');
    const started = spawn('dockerd', this.#arguments(), { stdio: ['ignore', log, log] });
    closeSync(log);
    return started;
  }

  /** Starts a dockerd and waits until it answers. */
  static async start(driver: DriverName, disk: Disk = 'own'): Promise<Dockerd> {
    const daemon = new Dockerd(driver, mkdtempSync(`${tmpdir()}/lowerdir-docker-`), disk);
    try {
      await daemon.#answers();
      return daemon;
    } catch (error) {
      await daemon.stop();
      throw error;
    }
  }

  #arguments(): string[] {
    const at = this.#directory;
    const place = ['--data-root', this.root, '--exec-root', `${at}/exec`, '--pidfile', `${at}/pid`];
    const bare = ['--iptables=false', '--ip6tables=false', '--bridge=none'];
    return [...bare, '--storage-driver', this.driver, ...place, '--host', `unix://${this.#socket}`];
  }

  get log(): string {
    return `${this.#directory}/log`;
  }

  get #socket(): string {
    return `${this.#directory}/sock`;
  }

  async #answers(): Promise<void> {
    for (const until = Date.now() + START_TIMEOUT; Date.now() < until; await wait(20)) {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) break;
      if (existsSync(this.#socket) && (await this.#isReady())) return;
    }
    throw new Error(`dockerd with ${this.driver} does not answer:\n${readFileSync(this.log, 'utf8')}`);
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await this.ask('GET', '/_ping')).status === 200;
    } catch {
      return false;
    }
  }

  /** One request of the HTTP API, whatever it answers. */
  ask(method: string, path: string, body?: Uint8Array | object): Promise<Answer> {
    const isTar = body instanceof Uint8Array;
    const type = isTar ? 'application/x-tar' : 'application/json';
    const content = body === undefined ? undefined : isTar ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const asked = request(
        { socketPath: this.#socket, method, path: API + path, headers: { 'content-type': type }, agent: false },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
          answer.on('error', reject);
        },
      );
      asked.setTimeout(ANSWER_TIMEOUT, () => asked.destroy(new Error(`dockerd does not answer ${method} ${path}`)));
      asked.on('error', (error) => reject(this.#gone(`${method} ${path}: ${error.message}`)));
      asked.end(content);
    });
  }

  /** What the log tells last when dockerd does not answer any more. */
  #gone(message: string): Error {
    const lines = existsSync(this.log) ? readFileSync(this.log, 'utf8').trimEnd().split('\n') : [];
    const panic = lines.findIndex((line) => line.startsWith('panic:') || line.startsWith('fatal error:'));
    const told = panic < 0 ? lines.slice(-5) : lines.slice(panic, panic + 30);
    return new Error([message, ...told].join('\n'));
  }

  /** One request that must succeed. @throws DockerError */
  async call(method: string, path: string, body?: Uint8Array | object): Promise<Buffer> {
    const answer = await this.ask(method, path, body);
    if (answer.status < 400) return answer.body;
    const text = answer.body.toString();
    throw new DockerError(answer.status, text.startsWith('{') ? JSON.parse(text).message : text);
  }

  /** As `call`, of an answer in JSON. */
  async tell<T>(method: string, path: string, body?: Uint8Array | object): Promise<T> {
    return JSON.parse((await this.call(method, path, body)).toString());
  }

  /**
   * Keeps a container's filesystem mounted: dockerd mounts it to unpack an archive into it, of which no byte comes. The
   * container is locked until then.
   *
   * @returns what lets go: the archive breaks off, and dockerd unmounts
   */
  hold(container: string): () => void {
    const path = `${API}/containers/${container}/archive?path=/`;
    const headers = { 'content-type': 'application/x-tar', 'transfer-encoding': 'chunked' };
    const asked = request({ socketPath: this.#socket, method: 'PUT', path, headers, agent: false }, (answer) =>
      answer.resume(),
    );
    asked.on('error', () => {});
    asked.flushHeaders();
    return () => asked.destroy();
  }

  /** Stops dockerd and removes everything that it left. */
  async stop(): Promise<void> {
    process.removeListener('exit', this.#atExit);
    await this.#end();
    this.#clean();
  }

  /** Stops dockerd and starts it again over what is there. */
  async restart(): Promise<void> {
    await this.#end();
    this.#process = this.#spawn();
    await this.#answers();
  }

  async #end(): Promise<void> {
    const ending = this.#process;
    if (ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    const timer = setTimeout(() => ending.kill('SIGKILL'), STOP_TIMEOUT);
    ending.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
  }

  readonly #atExit = (): void => {
    this.#process.kill('SIGTERM');
  };

  #clean(): void {
    for (const mount of mountsBelow(this.#directory).reverse()) libc.umount(cstring(mount), MNT_DETACH);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function mountTmpfs(directory: string): void {
  const tmpfs = cstring('tmpfs');
  checked(libc.mount(tmpfs, cstring(directory), tmpfs, 0, cstring('mode=710,size=2g')), 'mount', directory);
}

const unescaped = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** The lines of /proc/self/mounts, split. */
function mounts(): string[][] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
}

const mountsBelow = (directory: string): string[] =>
  mounts()
    .map((fields) => unescaped(fields[1] ?? ''))
    .filter((path) => path.startsWith(`${directory}/`));

/** The line of /proc/self/mounts for a mount at `path`, the topmost one; `undefined` where nothing is mounted. */
export function mountLine(path: string): string | undefined {
  return mounts()
    .findLast((fields) => unescaped(fields[1] ?? '') === path)
    ?.join(' ');
}
