import { describe, expect, it } from 'vitest';
import { pureCodecs } from '../../../src/archive/codecs.ts';
import { nodeCodecs } from '../../../src/archive/node-codecs.ts';
import { chainID, diffID, EMPTY_LAYER_DIFF_ID, hexOf, isDigest, requireDigest } from '../../../src/layer/digest.ts';
import { golden, goldenGunzipped, goldenText } from '../archive/golden.ts';

describe.each([
  ['pure', pureCodecs.sha256],
  ['node', nodeCodecs.sha256],
])('digests with the %s hash', (_, sha256) => {
  const base = 'sha256:a7850b8b0c46dbf567e15334754d008b596c1d7fad1a67ddf96b1869bad412f4';
  const child = 'sha256:7af23a74d8d131b5f3323953569d673238eb6ca844e0a82d6921c5b8030d9c4c';

  it('are those that dockerd recorded', () => {
    expect(diffID(sha256, golden('base/base-pax.tar'))).toBe(base);
    const tar = golden('layer/child.tar');
    expect(diffID(sha256, [tar.subarray(0, 5), tar.subarray(5)])).toBe(child);
    expect(chainID(sha256, undefined, base)).toBe(base);
    expect(chainID(sha256, base, child)).toBe(
      'sha256:5d8530d4bf4b5c65f9031aa4dab32f858c5b8e69fbf4abfe4158b205840a8cf5',
    );
    expect(diffID(sha256, new Uint8Array(1024))).toBe(EMPTY_LAYER_DIFF_ID);
  });

  it.each([2, 3, 4, 5, 6, 7])('is that of layer %s of the recorded build', (n) => {
    const recorded = goldenText('build/layers.txt').match(new RegExp(`^${n} ([0-9a-f]{64}) `, 'm'))![1];
    expect(diffID(sha256, goldenGunzipped(`build/layer-${n}.tar.gz`))).toBe(`sha256:${recorded}`);
  });
});

describe('the form of a digest', () => {
  it.each([
    'sha256:abc',
    `sha256:${'A'.repeat(64)}`,
    `md5:${'a'.repeat(64)}`,
    'a'.repeat(64),
    '',
    `sha256:${'a'.repeat(64)}\n`,
  ])('refuses %j', (text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => requireDigest(text)).toThrow(expect.objectContaining({ code: 'ERR_DIGEST_FORMAT' }));
    expect(() => chainID(pureCodecs.sha256, text, EMPTY_LAYER_DIFF_ID)).toThrow('invalid checksum digest format');
  });

  it('gives the digits', () => {
    expect(hexOf(EMPTY_LAYER_DIFF_ID)).toBe(EMPTY_LAYER_DIFF_ID.slice(7));
  });
});
