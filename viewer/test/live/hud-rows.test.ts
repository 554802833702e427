import { expect, it } from 'vitest';
import { hudRows } from '../../src/live/hud-rows.ts';
import type { LiveFigures } from '../../src/live/measurements.ts';

const STAGES = {
  queueMs: 1,
  drawMs: 6,
  readBackMs: 1,
  encodeMs: 1,
  relayMs: 0,
  networkMs: null,
  decodeMs: 1,
  paintMs: 0,
};
const FIGURES: LiveFigures = {
  ...{ framesPerSec: 30, inputToPaintedMs: 60, kilobytesPerPicture: 9.96, widthPx: 640, heightPx: 360, samples: 1 },
  ...{ codec: 'vp9', noVideo: null, stages: STAGES },
};
const shown = (figures: LiveFigures, name: string) => hudRows(figures).find((row) => row.name === name)?.value;

it('says what pictures come as, and why no videos do', () => {
  expect(shown(FIGURES, 'Codec')).toBe('VP9');
  const still = { ...FIGURES, codec: 'jpeg' } as const;
  expect(shown(still, 'Codec')).toBe('JPEG');
  expect(shown(still, 'Video')).toBeUndefined();
  expect(shown({ ...still, noVideo: 'not-secure' }, 'Video')).toBe('none: page not secure');
  expect(shown({ ...still, noVideo: 'no-webcodecs' }, 'Video')).toBe('none: no WebCodecs');
});

it('gives each stage its part of the way', () => {
  expect(hudRows(FIGURES).find(({ name }) => name === 'Draw')).toEqual({ name: 'Draw', value: '6.0 ms', share: 0.6 });
});
