import { LIMITS } from '@kiln/shared';
import { beforeEach, expect, test } from 'vitest';
import { noTraffic, type Traffic } from '../../src/live/session-traffic.ts';
import { WaitingPicture } from '../../src/live/waiting-picture.ts';

const message = (sizeBytes = 10) => ({ bytes: new Uint8Array(sizeBytes), arrivedAtMs: 0 });
const whole = { better: false };
const tile = { better: true };
const delta = { better: false, delta: true };

let waiting: WaitingPicture;
let traffic: Traffic;
beforeEach(() => {
  traffic = noTraffic();
  waiting = new WaitingPicture(traffic);
});

test('what takes the place of another, and what is dropped, is counted', () => {
  waiting.take(message(), whole, false);
  waiting.take(message(), tile, false);
  waiting.take(message(), whole, false);
  expect(traffic).toMatchObject({ picturesReplaced: 2, picturesDropped: 0 });
  expect(waiting.sizeBytes).toBe(10);
  waiting.clear(true);
  waiting.take(message(), tile, true);
  expect(traffic).toMatchObject({ picturesReplaced: 2, picturesDropped: 2 });
});

test('what may go goes, and nothing is kept', () => {
  expect(waiting.take(message(), whole, true)).toBe('sent');
  expect(waiting.take(message(), tile, true)).toBe('sent');
  expect(waiting.isEmpty).toBe(true);
});

test('[LV4] a newer whole picture takes the place of the one that waits', () => {
  const [older, newer] = [message(), message()];
  expect(waiting.take(older, whole, false)).toBe('waits');
  expect(waiting.take(newer, whole, false)).toBe('waits');
  expect(waiting.shift()).toBe(newer);
  expect(waiting.shift()).toBeNull();
  expect(waiting.needsWhole).toBe(false);
});

test('[LV4, LV30] tiles wait behind what they make better, and go in order', () => {
  const picture = message();
  const tiles = [message(), message()];
  expect(waiting.take(picture, whole, false)).toBe('waits');
  for (const one of tiles) expect(waiting.take(one, tile, true)).toBe('waits');
  expect([waiting.shift(), waiting.shift(), waiting.shift(), waiting.shift()]).toEqual([picture, ...tiles, null]);
});

test('[LV35] whoever has seen nothing gets a whole picture first', () => {
  waiting.clear(true);
  expect(waiting.take(message(), tile, true)).toBe('dropped');
  expect(waiting.take(message(), whole, true)).toBe('sent');
});

test('what waits has a bound', () => {
  const half = LIMITS.livePictureBytes / 2;
  expect(waiting.take(message(half), tile, false)).toBe('waits');
  expect(waiting.take(message(half), tile, false)).toBe('waits');
  expect(waiting.take(message(1), tile, false)).toBe('dropped');
  expect(waiting.isEmpty).toBe(true);
  expect(waiting.needsWhole).toBe(true);
  // Whoever missed a tile gets none of later ones, until a whole picture comes.
  expect(waiting.take(message(), tile, true)).toBe('dropped');
  expect(waiting.take(message(), whole, true)).toBe('sent');
  expect(waiting.take(message(), tile, true)).toBe('sent');
});

test('[LV40] frames of a video wait one behind the other, and are nothing to who missed one', () => {
  const frames = [message(), message(), message()];
  expect(waiting.take(frames[0] ?? message(), whole, false)).toBe('waits');
  for (const frame of frames.slice(1)) expect(waiting.take(frame, delta, true)).toBe('waits');
  expect([waiting.shift(), waiting.shift(), waiting.shift()]).toEqual(frames);
  waiting.clear(true);
  expect(waiting.take(message(), delta, true)).toBe('dropped');
});
