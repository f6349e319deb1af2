/** The library in a real browser does what it does in Node. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleForBrowser } from './bundle.ts';
import { executablePath, launchBrowser } from './chromium.ts';
import { commitRecordedLayer, recordedDiffID } from './commit.ts';
import type { page as offered } from './page.ts';
import { outcomeOf } from './sequences.ts';

const SEED = 20_251_122;
const SEQUENCES = 1000;

/** What the page offers is a global of the browser. */
declare const page: typeof offered;

let browser: Browser;
let tab: Page;

const reason = 'needs Chromium: /usr/bin/chromium, or its path in the variable CHROMIUM';

describe.skipIf(executablePath === undefined)(
  `in Chromium${executablePath === undefined ? ` (${reason})` : ''}`,
  () => {
    beforeAll(async () => {
      const script = await bundleForBrowser(join(import.meta.dirname, 'page.ts'));
      browser = await launchBrowser();
      tab = await browser.newPage();
      await tab.setContent('<!doctype html><title>lowerdir</title>');
      await tab.addScriptTag({ content: script });
    }, 60_000);
    afterAll(() => browser?.close());

    it(`answers ${SEQUENCES} sequences as in Node`, { timeout: 300_000 }, async () => {
      const there = tab.evaluate(([seed, count]) => page.outcomeOf(seed!, count!), [SEED, SEQUENCES]);
      await setTimeout(100);
      const here = outcomeOf(SEED, SEQUENCES);
      expect(await there).toEqual(here);
      expect(here.succeeded / here.operations).toBeGreaterThan(0.5);
    });

    it('tells another outcome for another seed', async () => {
      const outcomes = await tab.evaluate(() => [page.outcomeOf(1, 5), page.outcomeOf(2, 5)]);
      expect(outcomes[0]!.digest).not.toBe(outcomes[1]!.digest);
    });

    it('commits a layer under the name that Docker gave it', async () => {
      const { diffID, tar } = await tab.evaluate(() => page.commit());
      const digest = createHash('sha256').update(Uint8Array.from(tar)).digest('hex');
      expect([diffID, `sha256:${digest}`]).toEqual([recordedDiffID, recordedDiffID]);
    });
  },
);

it('Node commits that layer under the same name', () => {
  expect(commitRecordedLayer().diffID).toBe(recordedDiffID);
});
