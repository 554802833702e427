import { expect, test } from 'vitest';
import { SlotTimes } from '../../src/estimates/slot-time.ts';

const workerId = 'w';

test('what a worker holds ahead of its slot is counted from when the slot is free', () => {
  const times = new SlotTimes();
  const add = (startedAtMs: number, endedAtMs: number) => times.add({ workerId, slots: 1, startedAtMs, endedAtMs });
  expect([add(0, 100), add(0, 200), add(150, 260)]).toEqual([100, 100, 60]);
  // Nothing was under way for a while.
  expect(add(1_000, 1_010)).toBe(10);
});

test('as many at once as there are slots count in full', () => {
  const times = new SlotTimes();
  const add = (startedAtMs: number, endedAtMs: number) => times.add({ workerId, slots: 2, startedAtMs, endedAtMs });
  expect([add(0, 100), add(0, 100), add(0, 200), add(0, 200)]).toEqual([100, 100, 100, 100]);
});

test('workers do not wait for one another', () => {
  const times = new SlotTimes();
  for (const name of ['a', 'b']) {
    expect(times.add({ workerId: name, slots: 1, startedAtMs: 0, endedAtMs: 50 })).toBe(50);
  }
});

test('one that comes late is counted where it was', () => {
  const times = new SlotTimes();
  const add = (startedAtMs: number, endedAtMs: number) => times.add({ workerId, slots: 1, startedAtMs, endedAtMs });
  expect([add(0, 100), add(300, 400), add(50, 200), add(350, 450)]).toEqual([100, 100, 100, 50]);
});
