import type { PictureHeader } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { Measurements } from '../../src/live/measurements.ts';
import type { ShownPicture } from '../../src/live/picture-flow.ts';

const header = (sequence: number, input: number): PictureHeader => ({
  sequence,
  input,
  codec: 'jpeg',
  moving: true,
  final: false,
  lastTile: true,
  better: false,
  samples: 4,
  widthPx: 640,
  heightPx: 360,
  tile: { x: 0, y: 0, widthPx: 640, heightPx: 360 },
  depth: null,
  near: 0.1,
  far: 10,
  pose: { position: [0, 0, 0], quaternion: [0, 0, 0, 1], fovDeg: 45 },
  stages: { inputWait: 1_500, draw: 20_000, readBack: 2_000, encode: 8_000, workerQueue: 500, relay: 250 },
  drawEndMs: 1_000_000,
});

const shown = (sequence: number, input: number, uploadedAtMs = 100): ShownPicture => ({
  header: header(sequence, input),
  bytes: 12_000,
  tiles: 1,
  receivedAtMs: 90,
  decodeMs: 6,
  uploadMs: 1,
  uploadedAtMs,
  uploadedAtUnixMs: 1_000_018,
});

describe('Measurements', () => {
  it('tells stage by stage what a picture cost', () => {
    const measurements = new Measurements();
    measurements.sent(5, 40);
    expect(measurements.painted(shown(1, 5), 108)).toMatchObject({
      inputToPaintedMs: 68,
      drawEndToUploadedMs: 18,
      displayWaitMs: 8,
      decodeMs: 6,
      inputWaitMs: 1.5,
      drawMs: 20,
      encodeMs: 8,
      relayMs: 0.25,
      bytes: 12_000,
      tiles: 1,
    });
  });

  it('takes latency from the first picture that answers an input only', () => {
    const measurements = new Measurements();
    measurements.sent(1, 0);
    measurements.sent(2, 10);
    expect(measurements.painted(shown(1, 2), 110).inputToPaintedMs).toBe(100);
    expect(measurements.painted(shown(2, 2), 500).inputToPaintedMs).toBeNull();
    expect(measurements.painted(shown(3, 1), 600).inputToPaintedMs).toBeNull();
  });

  it.each([10, 60, 144])('counts %d pictures a second', (perSec) => {
    const measurements = new Measurements();
    const everyMs = 1_000 / perSec;
    for (let i = 1; i <= 3 * perSec; i++) measurements.painted(shown(i, i), i * everyMs);
    const figures = (nowMs: number) => measurements.figures(nowMs)?.framesPerSec;
    expect(Math.abs((figures(3_000) ?? 0) - perSec)).toBeLessThanOrEqual(1);
    expect(Math.abs((figures(3_500) ?? 0) - perSec / 2)).toBeLessThanOrEqual(1);
    expect(figures(4_100)).toBe(0);
  });

  it('gives the HUD what happened lately', () => {
    const measurements = new Measurements();
    expect(measurements.figures(0)).toBeNull();
    for (let i = 1; i <= 40; i++) {
      measurements.sent(i, i * 100);
      measurements.painted(shown(i, i), i * 100 + 60);
    }
    expect(measurements.figures(4_060)).toEqual({
      framesPerSec: 11,
      inputToPaintedMs: 60,
      kilobytesPerPicture: 12,
      widthPx: 640,
      heightPx: 360,
      samples: 4,
      codec: expect.any(String),
      noVideo: 'not-secure',
      stages: {
        queueMs: expect.any(Number),
        drawMs: 20,
        readBackMs: expect.any(Number),
        encodeMs: 8,
        relayMs: 0.25,
        networkMs: expect.any(Number),
        decodeMs: 6,
        paintMs: expect.any(Number),
      },
    });
    expect(measurements.figures(10_000)?.framesPerSec).toBe(0);
  });

  it('forgets inputs that no picture answers', () => {
    const measurements = new Measurements();
    for (let i = 1; i <= 5_000; i++) measurements.sent(i, i);
    expect(measurements.painted(shown(1, 100), 6_000).inputToPaintedMs).toBeNull();
    expect(measurements.painted(shown(2, 5_000), 6_000).inputToPaintedMs).toBe(1_000);
  });
});
