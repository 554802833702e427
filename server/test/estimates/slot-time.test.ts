/** What attempts at one worker are charged, ended and under way. */
import { expect, test } from 'vitest';
import { type AttemptTime, drawnWithin, SlotTimes } from '../../src/estimates/slot-time.ts';

const workerId = 'w';
type Ended = AttemptTime & { readonly endedMs: number };

const ended = (id: string, claimedMs: number, endedMs: number, draw?: readonly [number, number]): Ended => ({
  ...{ id, claimedMs, endedMs },
  ...(draw ? { drawn: [{ fromMs: draw[0], toMs: draw[1] }] } : {}),
});
const underWay = (id: string, claimedMs: number): AttemptTime => ({ id, claimedMs, endedMs: null });

/** Reads one set of attempts after the other. @returns slot time by attempt, as first told. */
function charged(slots: number, ...reads: readonly (readonly [readonly Ended[], readonly AttemptTime[], number])[]) {
  const times = new SlotTimes();
  const all: Record<string, number> = {};
  for (const [ended, underWay, nowMs] of reads) {
    const told = times.add({ workerId, slots, ended, underWay, nowMs });
    for (const { id } of ended) all[id] = told.get(id) ?? -1;
  }
  return all;
}

test('what a worker holds ahead of its slot is counted from when the slot is free', () => {
  const reads = charged(1, [[ended('a', 0, 100), ended('b', 1, 200), ended('c', 150, 260)], [], 260]);
  expect(reads).toEqual({ a: 100, b: 100, c: 60 });
});

test('as many at once as there are slots count in full', () => {
  const four = [ended('a', 0, 100), ended('b', 0, 100), ended('c', 0, 200), ended('d', 0, 200)];
  expect(charged(2, [four, [], 200])).toEqual({ a: 100, b: 100, c: 100, d: 100 });
});

test('one that ends while the long one that was drawn before it is sent is charged its own drawing, not the long one’s', () => {
  const long = ended('long', 0, 128_180, [500, 127_000]);
  const urgent = ended('urgent', 16_000, 128_000, [127_000, 127_900]);
  const expected = { long: 127_280, urgent: 900 };
  expect(charged(1, [[urgent, long], [], 128_180])).toEqual(expected);
  // In ticks of their own: when the first is counted the other is under way.
  const apart = charged(1, [[urgent], [underWay('long', 0)], 128_000], [[long], [], 128_180]);
  expect(apart).toEqual(expected);
});

test('one that is drawn before what was claimed before it is charged for that', () => {
  const first = ended('first', 0, 100, [60, 95]);
  const urgent = ended('urgent', 10, 62, [10, 60]);
  expect(charged(1, [[urgent], [underWay('first', 0)], 62], [[first], [], 100])).toEqual({ urgent: 50, first: 50 });
});

test('one under way is charged until now; what waits behind it is not, nor is it charged for those long gone before it', () => {
  const times = new SlotTimes();
  const at = (nowMs: number, ended: readonly Ended[], underWay: readonly AttemptTime[]) =>
    Object.fromEntries(times.add({ workerId, slots: 2, ended, underWay, nowMs }));
  const [a, b] = [underWay('a', 0), underWay('b', 0)];
  expect(at(50, [], [a, b, underWay('c', 10)])).toEqual({ a: 50, b: 50, c: 0 });
  expect(at(100, [ended('a', 0, 100)], [b, underWay('c', 10)])).toEqual({ a: 100, b: 100, c: 0 });
  // A hundred short ones come and go at the other slot.
  for (let n = 0; n < 100; n += 1) {
    at(110 + n, [ended(`s${n}`, 100 + n, 101 + n)], [underWay('c', 10), underWay(`s${n + 1}`, 101 + n)]);
  }
  expect(at(300, [ended('b', 0, 250)], [underWay('c', 10)])).toMatchObject({ c: 200 });
});

test('slots never work more than there are, whichever attempts are counted first', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 200; round += 1) {
    const slots = 1 + random(3);
    const claimed = Array.from({ length: 12 }, () => random(300)).sort((a, b) => a - b);
    const all = claimed.map((at, n) => {
      const end = at + 10 + random(200);
      const from = at + random(end - at);
      return ended(`${n}`, at, end, random(3) === 0 ? undefined : [from, from + random(end - from)]);
    });
    const sum = Object.values(charged(slots, [all, [], 1_000])).reduce((total, ms) => total + ms, 0);
    const busy = Array.from({ length: 600 }, (_, ms) => {
      return Math.min(slots, all.filter(({ claimedMs, endedMs }) => claimedMs <= ms && ms < endedMs).length);
    });
    expect(sum).toBe(busy.reduce((total, n) => total + n, 0));
  }
});

test('a worker’s clock that is wrong is set by when its attempts began and ended', () => {
  const stage = [{ startedAtMs: 5_000, durationMs: 40 }];
  expect(drawnWithin({ claimedMs: 100, endedMs: 200 }, stage)).toEqual([{ fromMs: 160, toMs: 200 }]);
  expect(drawnWithin({ claimedMs: 9_000, endedMs: 9_100 }, stage)).toEqual([{ fromMs: 9_000, toMs: 9_040 }]);
  expect(drawnWithin({ claimedMs: 4_990, endedMs: 5_100 }, stage)).toEqual([{ fromMs: 5_000, toMs: 5_040 }]);
  expect(drawnWithin({ claimedMs: 0, endedMs: 10 }, [])).toEqual([]);
});
