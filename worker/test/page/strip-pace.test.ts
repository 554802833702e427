import { expect, test } from 'vitest';
import { StripPace, stripsOf, unknownPace } from '../../src/page/engine/strip-pace.ts';
import { PAGE_LIMITS } from '../../src/page/limits.ts';

const HD = { widthPx: 1_920, heightPx: 1_080 };

/** @returns the numbers of strips of some samples of which a strip takes this long. */
function drawn(samples: number, stripMs: (strips: number) => number, known = unknownPace()): number[] {
  return Array.from({ length: samples }, () => {
    // Each is a picture of its own.
    const pace = new StripPace(known, HD);
    const { strips } = pace;
    pace.took(strips, stripMs(strips));
    return strips;
  });
}

test('what takes long by its pixels is cut until a strip takes no longer than others may wait', () => {
  const strips = drawn(12, (count) => 3_000 / count);
  expect(3_000 / (strips.at(-1) ?? 0)).toBeLessThanOrEqual(PAGE_LIMITS.stripMs);
  expect(3_000 / (strips.at(-1) ?? 0)).toBeGreaterThan(PAGE_LIMITS.stripMs / 4);
});

test('what takes long whatever its pixels is not cut in vain', () => {
  const strips = drawn(12, (count) => 2_000 + 100 / count);
  expect(strips.at(-1)).toBeLessThanOrEqual(2);
  const mixed = drawn(20, (count) => 1_000 + 1_000 / count);
  const total = (count: number) => 1_000 * count + 1_000;
  expect(total(mixed.at(-1) ?? 0)).toBeLessThanOrEqual(2 * total(1));
});

test('what is quick is drawn whole, and what becomes quick again', () => {
  expect(drawn(6, () => 10).at(-1)).toBe(1);
  const known = unknownPace();
  drawn(8, (count) => 3_000 / count, known);
  expect(drawn(8, (count) => 60 / count, known).at(-1)).toBe(1);
});

test('a single slow sample, which may be of a compiler, changes nothing; small pictures say nothing', () => {
  const known = unknownPace();
  const [before] = drawn(1, () => 20_000, known);
  expect(new StripPace(known, HD).strips).toBe(before);
  const small = new StripPace(known, { widthPx: 32, heightPx: 32 });
  expect([small.strips, small.isUnknown]).toEqual([1, false]);
  for (let n = 0; n < 8; n += 1) small.took(1, 5_000);
  expect(new StripPace(known, HD).strips).toBe(before);
});

test('strips are all rows of their region, each once', () => {
  const region = { x: 3, y: 7, widthPx: 20, heightPx: 10 };
  expect(stripsOf(region, 1)).toEqual([region]);
  const strips = stripsOf(region, 4);
  expect(strips).toHaveLength(4);
  let y = region.y;
  for (const strip of strips) {
    expect(strip).toMatchObject({ x: 3, y, widthPx: 20 });
    y += strip.heightPx;
  }
  expect(y).toBe(17);
  expect(stripsOf(region, 64)).toHaveLength(10);
});
