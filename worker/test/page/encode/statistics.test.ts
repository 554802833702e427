import { describe, expect, it } from 'vitest';
import {
  type Bytes,
  type Floats,
  mendBytes,
  mendData,
  mendLinear,
  mendShown,
  PixelMeter,
} from '../../../src/page/encode/statistics.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

describe('what is no number', () => {
  it.each([
    [false, [0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 9, 0, 0, 0, 0]],
    [true, [0, 0, 0, 0, 255, 255, 255, 255, 255, 0, 0, 9, 0, 0, 0, 0]],
  ])('is black and white in bytes, transparent where that may be: %s', (hasAlpha, mended) => {
    const pixels = Uint8ClampedArray.of(255, 0, 0, 0, 255, 255, 0, 0, 255, 0, 0, 9, 0, 0, 0, 0);
    expect(mendBytes(pixels, hasAlpha)).toBe(2);
    expect([...pixels]).toEqual(mended);
  });

  it.each([
    [false, [0, 0, 0, 1, 1, 1, 1, 1, 0.5, 0, 0, 0.25]],
    [true, [0, 0, 0, 0, 1, 1, 1, 1, 0.5, 0, 0, 0.25]],
  ])('is the same in floats of what a display shows: %s', (hasAlpha, mended) => {
    const pixels = Float32Array.of(0, 0, 0, -1, 0, 0, 0, -2, 0.5, 0, 0, 0.25);
    expect(mendShown(pixels, hasAlpha)).toBe(2);
    expect([...pixels]).toEqual(mended);
  });

  it.each([
    [false, [0, 0, 0, 1, 65_504, 2, -65_504, 1, 1e9, -1, 0, 0.5]],
    [true, [0, 0, 0, 0, 65_504, 2, -65_504, 1, 1e9, -1, 0, 0.5]],
  ])('is black or as bright as a half float in linear light: %s', (hasAlpha, mended) => {
    const pixels = Float32Array.of(1, NAN, INF, 1, INF, 2, -INF, 1, 1e9, -1, 0, 0.5);
    expect(mendLinear(pixels, hasAlpha)).toBe(2);
    expect([...pixels]).toEqual(mended);
  });
});

it('of data passes is 0, or as large as a half float can be, and is counted by the pixel', () => {
  const values = Float32Array.of(NAN, 1, NAN, 2, 1e10, 0, -1, 3, INF, -INF, 0, 0);
  expect(mendData(values)).toBe(2);
  expect([...values]).toEqual([0, 1, 0, 2, 1e10, 0, -1, 3, 65_504, -65_504, 0, 0]);
});

const measurePixels = (pixels: Bytes | Floats, one: number) => {
  const meter = new PixelMeter(one);
  meter.add(pixels.subarray(0, 4));
  meter.add(pixels.subarray(4));
  return meter.result();
};

describe('PixelMeter', () => {
  it('is over R, G and B, of bytes from 0 to 1', () => {
    const pixels = Uint8ClampedArray.of(51, 102, 153, 0, 51, 102, 255, 255);
    expect(measurePixels(pixels, 255)).toEqual({ min: 0.2, max: 1, mean: expect.closeTo(714 / 6 / 255, 10) });
  });

  it('is of floats what they are, brighter than 1 and below 0', () => {
    expect(measurePixels(Float32Array.of(-1, 2, 8, 99), 1)).toEqual({ min: -1, max: 8, mean: 3 });
  });
});
