/** What a server once said is shown as it was then. */
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { GOLDENS, goldenPath, readRecording, replay } from './recorded-session.ts';

/** 1 − the mean structural similarity: GPUs interpolate colour samples and warp a little differently. */
const MOST_APART = { moving: 0.02, still: 0.01 };

it('[LV28, LV30] recorded bytes are the golden pictures: warped, at rest, and at last pixel for pixel', async () => {
  await replay(async ({ pictures, measures, likeness }) => {
    const golden = GOLDENS.map((name) => readFileSync(goldenPath(name)).toString('base64'));
    const [moving, still, final] = await Promise.all(
      GOLDENS.map((name, i) => likeness(pictures[name], golden[i] ?? '')),
    );
    const renew = 'if it is meant so: npm run goldens:live';
    expect(moving?.dissimilarity, renew).toBeLessThan(MOST_APART.moving);
    expect(still?.dissimilarity, renew).toBeLessThan(MOST_APART.still);
    expect(final?.most, renew).toBe(0);
    // They are different pictures, or nothing was looked at.
    expect((await likeness(pictures.moving, pictures.still)).dissimilarity).toBeGreaterThan(2 * MOST_APART.moving);
    expect((await likeness(pictures.still, pictures.final)).most).toBeGreaterThan(0);

    const sent = readRecording().flatMap(({ header }) => header ?? []);
    const shown = [...new Set(sent.map(({ sequence }) => sequence))];
    expect(measures.map(({ sequence }) => sequence)).toEqual(shown);
    expect(measures.map(({ samples }) => samples)).toEqual(
      shown.map((sequence) => sent.find((header) => header.sequence === sequence)?.samples),
    );
    expect(measures.map(({ tiles }) => tiles)).toEqual(
      shown.map((sequence) => sent.filter((header) => header.sequence === sequence).length),
    );
    expect(measures.at(-1)).toMatchObject({ final: true, samples: 4, codec: 'png' });
  });
});

it('the recording is small, and has a moving picture with depth, one at rest, and tiles until it is final', () => {
  const headers = readRecording().flatMap(({ header }) => header ?? []);
  expect(headers[0]).toMatchObject({ moving: true, better: false, depth: { nearestM: expect.any(Number) } });
  expect(headers.some(({ moving, better, samples }) => !moving && !better && samples === 1)).toBe(true);
  expect(headers.filter(({ better }) => better).length).toBeGreaterThan(2);
  expect(headers.at(-1)).toMatchObject({ final: true, lastTile: true, better: true });
  expect(statSync(fileURLToPath(new URL('recorded/session.bin', import.meta.url))).size).toBeLessThan(100_000);
});
