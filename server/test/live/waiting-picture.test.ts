import { LIMITS, type PictureHeader } from '@kiln/shared';
import { beforeEach, expect, test } from 'vitest';
import { WaitingPicture } from '../../src/live/waiting-picture.ts';

type Header = Pick<PictureHeader, 'sequence' | 'tile' | 'widthPx' | 'heightPx'>;

const message = (sizeBytes = 10) => ({ bytes: new Uint8Array(sizeBytes), arrivedAtMs: 0 });
const whole = (sequence: number): Header => ({
  ...{ sequence, widthPx: 64, heightPx: 64, tile: { x: 0, y: 0, widthPx: 64, heightPx: 64 } },
});
const tile = (sequence: number): Header => ({ ...whole(sequence), tile: { x: 0, y: 0, widthPx: 32, heightPx: 64 } });

let waiting: WaitingPicture;
beforeEach(() => {
  waiting = new WaitingPicture();
});

test('what may go goes, and nothing is kept', () => {
  expect(waiting.take(message(), whole(1), true)).toBe('sent');
  expect(waiting.take(message(), tile(2), true)).toBe('sent');
  expect(waiting.isEmpty).toBe(true);
});

test('[LV4] a newer whole picture takes the place of the one that waits', () => {
  const [older, newer] = [message(), message()];
  expect(waiting.take(older, whole(1), false)).toBe('waits');
  expect(waiting.take(newer, whole(2), false)).toBe('waits');
  expect(waiting.shift()).toBe(newer);
  expect(waiting.shift()).toBeNull();
  expect(waiting.needsWhole).toBe(false);
});

test('[LV4] the tiles of one picture wait together, and go in order', () => {
  const tiles = [message(), message()];
  for (const one of tiles) expect(waiting.take(one, tile(3), false)).toBe('waits');
  expect([waiting.shift(), waiting.shift(), waiting.shift()]).toEqual([...tiles, null]);
});

test('[LV35] whoever missed a tile gets none of later ones, until a whole picture comes', () => {
  waiting.take(message(), tile(1), false);
  expect(waiting.take(message(), tile(2), false)).toBe('dropped');
  expect(waiting.needsWhole).toBe(true);
  expect(waiting.isEmpty).toBe(true);
  expect(waiting.take(message(), tile(3), true)).toBe('dropped');
  expect(waiting.take(message(), whole(4), true)).toBe('sent');
  expect(waiting.take(message(), tile(4), true)).toBe('sent');
  expect(waiting.take(message(), tile(5), true)).toBe('sent');
});

test('[LV35] whoever has seen nothing gets a whole picture first', () => {
  waiting.clear(true);
  expect(waiting.take(message(), tile(7), true)).toBe('dropped');
  expect(waiting.take(message(), whole(8), true)).toBe('sent');
});

test('what waits has a bound', () => {
  const half = LIMITS.livePictureBytes / 2;
  expect(waiting.take(message(half), tile(1), false)).toBe('waits');
  expect(waiting.take(message(half), tile(1), false)).toBe('waits');
  expect(waiting.take(message(1), tile(1), false)).toBe('dropped');
  expect(waiting.isEmpty).toBe(true);
  expect(waiting.needsWhole).toBe(true);
});
