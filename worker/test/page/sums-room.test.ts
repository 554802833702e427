import { beforeEach, describe, expect, it } from 'vitest';
import { SumsRoom } from '../../src/page/live/sums-room.ts';

const LIMITS = { views: 3, bytes: 100, abandonedMs: 1_000 };

class View {
  readonly sizeBytes: number;
  samples = 0;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  get isOver(): boolean {
    return this.samples === 8;
  }
}

let nowMs: number;
let room: SumsRoom<View>;
beforeEach(() => {
  nowMs = 0;
  room = new SumsRoom(LIMITS, () => nowMs);
});

/** A turn of a view: one more sample of what is kept of it, or of a beginning. @returns its samples; null where it waits. */
function turn(key: string, sizeBytes: number): number | null {
  nowMs += 10;
  const going = room.get(key) ? [] : room.ask(key, sizeBytes);
  if (!going) return null;
  for (const other of going) room.remove(other);
  const view = room.get(key) ?? new View(sizeBytes);
  if (room.get(key)) room.touch(key);
  else room.put(key, view);
  view.samples += 1;
  return view.samples;
}

/** In turns, until all are over. @returns rounds that it took. */
function drawAll(views: Readonly<Record<string, number>>, mostRounds = 200): number {
  const left = new Set(Object.keys(views));
  for (let round = 1; round <= mostRounds; round += 1) {
    for (const key of [...left]) {
      if (turn(key, views[key] ?? 0) === 8) left.delete(key);
    }
    if (left.size === 0) return round;
  }
  throw new Error(`not over: ${[...left]}`);
}

const views = (count: number, sizeBytes: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}`, sizeBytes]));

describe('room for what is summed', () => {
  it('is given on: more views than fit are all over at last, and none of them begins twice', () => {
    expect(drawAll(views(10, 1))).toBeLessThanOrEqual(4 * 8 + 4);
    expect(drawAll({ ...views(5, 60), large: 500, small: 1 })).toBeLessThanOrEqual(7 * 9);
  });

  it('is taken first of what is over, whose turn was the longest ago', () => {
    drawAll(views(3, 1));
    turn('new', 1);
    expect(['0', '1', '2'].map((key) => room.get(key) !== undefined)).toEqual([false, true, true]);
    turn('newer', 99);
    expect(['1', '2', 'new'].map((key) => room.get(key) !== undefined)).toEqual([false, false, true]);
  });

  it('is free at once of a view that is forgotten', () => {
    turn('first', 60);
    expect(turn('second', 60)).toBeNull();
    room.remove('first');
    expect(turn('second', 60)).toBe(1);
  });

  it('comes to a large view though small ones keep coming', () => {
    for (const key of ['a', 'b', 'c']) turn(key, 30);
    expect(turn('large', 90)).toBeNull();
    for (let next = 0; room.get('large') === undefined; next += 1) {
      expect(next).toBeLessThan(5);
      for (const key of ['a', 'b', 'c']) if (room.get(key)) room.remove(key);
      turn(`new ${next}`, 30);
      turn('large', 90);
    }
  });

  it('is not kept for who waits no more', () => {
    turn('first', 60);
    expect(turn('gone', 60)).toBeNull();
    expect(turn('second', 30)).toBeNull();
    expect(turn('second', 30)).toBe(1);
  });

  it('is taken of one that is not over only where its turn did not come for long', () => {
    turn('stuck', 60);
    expect(turn('second', 60)).toBeNull();
    nowMs += LIMITS.abandonedMs - 30;
    expect(turn('second', 60)).toBeNull();
    nowMs += 10;
    expect(turn('second', 60)).toBe(1);
    expect(room.get('stuck')).toBeUndefined();
  });

  it('is not taken of one whose turn is late because all turns are slow', () => {
    turn('slow', 60);
    nowMs += 5 * LIMITS.abandonedMs;
    expect(turn('second', 60)).toBeNull();
    expect(turn('slow', 60)).toBe(2);
    nowMs += 5 * LIMITS.abandonedMs;
    expect(turn('second', 60)).toBeNull();
    expect(room.get('slow')?.samples).toBe(2);
  });
});
