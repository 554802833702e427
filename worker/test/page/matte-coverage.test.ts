import { describe, expect, it } from 'vitest';
import {
  CoverageTable,
  distinctMatteSamples,
  matteSamples,
  matteView,
  opaqueFrom,
} from '../../src/page/engine/passes/matte-coverage.ts';

/** Ranked pairs of one pixel of which each sample sees one id. */
function ranked(ids: readonly number[]): number[] {
  const table = new CoverageTable(() => new Float32Array(4).fill(9));
  for (const id of ids) table.add(Float32Array.of(id));
  table.finish(ids.length);
  return table.layers.flatMap((layer) => [...layer]);
}

describe('CoverageTable', () => {
  it('ranks ids by coverage, the first to come before an equal one', () => {
    expect(ranked([5, 7, 7, 3])).toEqual([7, 0.5, 5, 0.25, 3, 0.25, ...[0, 0, 0, 0, 0, 0]]);
  });

  it('leaves out samples of nothing', () => {
    expect(ranked([0, 5, 0, 0])).toEqual([5, 0.25, ...Array<number>(10).fill(0)]);
    expect(ranked([0, 0])).toEqual(Array<number>(12).fill(0));
  });

  it('has room for six ids, and counts them exactly whatever else comes', () => {
    const pairs = ranked([1, 2, 3, 4, 5, 6, 7, 8, 6, 6, 2, 0, 0, 0, 0, 0]);
    expect(pairs).toEqual([6, 3 / 16, 2, 2 / 16, 1, 1 / 16, 3, 1 / 16, 4, 1 / 16, 5, 1 / 16]);
  });
});

describe('matteSamples', () => {
  it('is a power of two from 16 to 64', () => {
    expect([1, 4, 5, 16, 17, 5_000].map(matteSamples)).toEqual([16, 16, 32, 64, 64, 64]);
  });
});

describe('distinctMatteSamples', () => {
  it.each([1, 2, 3, 4, 5, 16, 17, 300])(
    'are all that differ, each seen as often, of a picture of %d samples',
    (asked) => {
      const seen = new Map<string, number>();
      for (let index = 0; index < matteSamples(asked); index += 1) {
        const view = JSON.stringify(matteView(index, asked));
        seen.set(view, (seen.get(view) ?? 0) + 1);
        expect(seen.size).toBe(Math.min(index + 1, distinctMatteSamples(asked)));
      }
      expect(new Set(seen.values()).size).toBe(1);
    },
  );
});

describe('opaqueFrom', () => {
  it.each([0, 1, 0x1234_5678, 0xffff_fffe])('is each share once, for seed %d', (seed) => {
    const shares = Array.from({ length: 32 }, (_, index) => opaqueFrom(index, 32, seed));
    expect([...shares].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, place) => (place + 0.5) / 32));
  });
});
