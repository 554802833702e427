import { expect, test } from 'vitest';
import { PAGE_LIMITS } from '../../src/page/limits.ts';
import { PixelBuffers } from '../../src/page/pixel-buffers.ts';

test('a buffer that was given back is taken again, by its exact size', () => {
  const buffers = new PixelBuffers();
  const { buffer } = buffers.take(64);
  buffers.give(buffer);
  expect(buffers.take(60).length).toBe(60);
  expect(buffers.take(64).buffer).toBe(buffer);
  expect(buffers.take(64).buffer).not.toBe(buffer);
});

test('more buffers or bytes than the limits are let go, those longest unused first', () => {
  const buffers = new PixelBuffers();
  const given = Array.from({ length: PAGE_LIMITS.pixelBuffers + 1 }, () => new ArrayBuffer(8));
  for (const buffer of given) buffers.give(buffer);
  const taken = Array.from(given, () => buffers.take(8).buffer);
  expect(given.filter((buffer) => taken.includes(buffer))).toEqual(given.slice(1));

  buffers.give(new ArrayBuffer(8));
  buffers.give(new ArrayBuffer(PAGE_LIMITS.pixelBufferBytes + 1));
  const small = buffers.take(8).buffer;
  expect(taken).not.toContain(small);
});
