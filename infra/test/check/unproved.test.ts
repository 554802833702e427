import { expect, test } from 'vitest';
import { unproved } from '../../src/check/unproved.ts';

test('what the heavy tests cannot prove without a program is said with its package', () => {
  expect(unproved({ imageTools: true, filmTools: true })).toEqual([]);
  expect(unproved({ imageTools: false, filmTools: true })).toEqual([
    'NOT PROVED: there is no OpenImageIO here to read pictures, layers and Cryptomattes back; install openimageio-tools and run this again.',
  ]);
  expect(unproved({ imageTools: false, filmTools: false })[1]).toMatch('no ffmpeg here to read films back');
});
