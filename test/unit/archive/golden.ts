/** Files recorded from a real dockerd 20.10.24, see test/golden/docker. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const at = (name: string): URL => new URL(`../../golden/docker/${name}`, import.meta.url);

export const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(at(name)));
export const goldenText = (name: string): string => readFileSync(at(name), 'utf8');
export const goldenGunzipped = (name: string): Uint8Array => new Uint8Array(gunzipSync(readFileSync(at(name))));

/** The bytes of all chunks. */
export const whole = (chunks: Iterable<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat([...chunks]));
