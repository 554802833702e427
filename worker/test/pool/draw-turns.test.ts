import { beforeEach, expect, it } from 'vitest';
import { WORKER_LIMITS } from '../../src/limits.ts';
import { type DrawKind, DrawTurns } from '../../src/pool/draw-turns.ts';

let nowMs: number;
let turns: DrawTurns;
let started: string[];
const ends = new Map<string, () => void>();

beforeEach(() => {
  nowMs = 0;
  started = [];
  ends.clear();
  turns = new DrawTurns({ monotonicMs: () => nowMs, unixMs: () => 0 });
});

const ask = (name: string, kind: DrawKind, signal = new AbortController().signal) => {
  const turn = turns.take(kind, signal).then((end) => {
    started.push(name);
    ends.set(name, end);
  });
  turn.catch(() => {});
  return turn;
};

/** Lets promises settle. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function end(name: string): Promise<void> {
  ends.get(name)?.();
  await settle();
}

it('draws one picture at a time', async () => {
  void ask('f1', 'frame');
  void ask('f2', 'frame');
  await settle();
  expect(started).toEqual(['f1']);
  await end('f1');
  expect(started).toEqual(['f1', 'f2']);
});

it('[LV19] lets a session wait for one frame at most', async () => {
  for (const name of ['f1', 'f2', 'f3']) void ask(name, 'frame');
  void ask('live', 'live');
  await settle();
  await end('f1');
  expect(started).toEqual(['f1', 'live']);
});

it('lets sessions take turns', async () => {
  void ask('f1', 'frame');
  void ask('a1', 'live');
  void ask('b1', 'live');
  await settle();
  await end('f1');
  void ask('a2', 'live');
  await end('a1');
  await end('b1');
  expect(started).toEqual(['f1', 'a1', 'b1', 'a2']);
});

it('lets a frame that has waited long go first, once', async () => {
  void ask('a1', 'live');
  await settle();
  for (const name of ['f1', 'f2']) void ask(name, 'frame');
  void ask('a2', 'live');
  nowMs += WORKER_LIMITS.frameWaitMs;
  await end('a1');
  expect(started).toEqual(['a1', 'f1']);
});

it('[LV19] does not keep live pictures waiting for what has many samples', async () => {
  void ask('long', 'long-frame');
  void ask('a1', 'live');
  void ask('f2', 'frame');
  await settle();
  expect(started).toEqual(['long', 'a1']);
  await end('a1');
  expect(started).toEqual(['long', 'a1']);
  await end('long');
  expect(started).toEqual(['long', 'a1', 'f2']);
});

it('draws final pictures of many samples after moving ones and before frames', async () => {
  void ask('f1', 'frame');
  void ask('f2', 'frame');
  void ask('final', 'refine');
  void ask('moving', 'live');
  await settle();
  await end('f1');
  expect(started).toEqual(['f1', 'moving']);
  await end('moving');
  expect(started).toEqual(['f1', 'moving', 'final']);
});

it('forgets who gave up waiting', async () => {
  void ask('f1', 'frame');
  const over = new AbortController();
  const leaver = ask('f2', 'frame', over.signal);
  void ask('f3', 'frame');
  over.abort(new Error('stopped'));
  await expect(leaver).rejects.toThrow('stopped');
  await end('f1');
  expect(started).toEqual(['f1', 'f3']);
});

it('ends a turn once, however often it is told', async () => {
  void ask('f1', 'frame');
  void ask('f2', 'frame');
  void ask('f3', 'frame');
  await settle();
  await end('f1');
  await end('f1');
  expect(started).toEqual(['f1', 'f2']);
});
