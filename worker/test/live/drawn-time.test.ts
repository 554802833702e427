/** [LV43] How long a page draws for a session is told to a server that counts it. */
import type { LiveView } from '@kiln/shared';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveSession } from '../../src/live/live-session.ts';
import { silent } from '../support/silent.ts';
import { poseAt, RefiningStage, view } from './fake-stage.ts';

let stage: RefiningStage;
let session: LiveSession;
let told: number[];

beforeEach(() => {
  vi.useFakeTimers();
  stage = new RefiningStage();
  told = [];
  session = new LiveSession({
    ...{ stage, clock: stage.clock, log: silent, sendSums: async () => {} },
    port: { message: (message) => message.type === 'drawn' && told.push(message.drawnMs), picture: () => {} },
  });
  void session.run().catch(() => {});
});
afterEach(async () => {
  session.end();
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
});

const start = (more: Partial<LiveView>, countsDrawn: boolean) =>
  session.start({
    ...{
      type: 'start',
      protocol: 1,
      view: { ...view, ...more },
      codecs: ['jpeg'],
      pose: poseAt(1),
      input: 0,
      moving: false,
    },
    ...(countsDrawn && { countsDrawn }),
  });

it('[LV43] of all samples, whether or not they are shown, each second while it draws, and what is left at the end', async () => {
  stage.drawMs = 40;
  stage.encodeMs = 1_000;
  stage.sampleMs = 100;
  start({ tiles: true, samples: 30 }, true);
  await vi.advanceTimersByTimeAsync(2_500);
  expect(told.length).toBeGreaterThanOrEqual(1);
  session.end();
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told.length).toBeLessThanOrEqual(4);
  // The first picture, whose encoding draws nothing, and all samples until then.
  const samples = stage.refined.length > 0 ? 1_400 : 0;
  expect(told.at(-1)).toBeGreaterThan(40 + samples / 2);
  expect(told.at(-1)).toBeLessThanOrEqual(2_500);
  await vi.advanceTimersByTimeAsync(5_000);
});

it('[LV43] waiting for others is not drawing', async () => {
  const others = await stage.turn('live', new AbortController().signal);
  stage.drawMs = 40;
  start({}, true);
  await vi.advanceTimersByTimeAsync(3_000);
  others();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(told).toEqual([40]);
});

it('[LV43] nothing is said to a server that does not count', async () => {
  start({ samples: 4 }, false);
  await vi.advanceTimersByTimeAsync(3_000);
  session.end();
  expect(told).toEqual([]);
});
