import type { Frame, Job } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { frameSlots } from '../../src/app/jobs/frame-slots.ts';

/** Only what the slots look at. */
const job = (...layers: (readonly [name: string, frames: string])[]) =>
  ({ layers: layers.map(([name, frames]) => ({ name, frames })) }) as unknown as Job;
const frame = (layer: string, frameNumber: number) => ({ layer, frameNumber }) as unknown as Frame;

describe('frameSlots', () => {
  it('has a place for every frame in the order of the expression, filled when it is finished', () => {
    const slots = frameSlots(job(['main', '10-4x3,-1']), [frame('main', 7)], 100);
    expect(slots.map(({ frameNumber, frame: done }) => [frameNumber, done !== null])).toEqual([
      [10, false],
      [7, true],
      [4, false],
      [-1, false],
    ]);
  });

  it('keeps layers apart', () => {
    const slots = frameSlots(job(['left', '1-2'], ['right', '1']), [frame('right', 1)], 100);
    expect(slots.map(({ key, frame: done }) => [key, done !== null])).toEqual([
      ['left/1', false],
      ['left/2', false],
      ['right/1', true],
    ]);
  });

  it('stops at the limit, however many frames there are', () => {
    expect(frameSlots(job(['main', '1-1000000'], ['other', '1-5']), [], 240)).toHaveLength(240);
  });
});
