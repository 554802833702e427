import { deflateRawSync } from 'node:zlib';
import { depthDifferences, KilnError, type Picture, type PictureHeader } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { decodeDepth } from '../../src/live/depth-decoder.ts';

const SIZE = { widthPx: 5, heightPx: 3 };

const pictureOf = (depth: Uint8Array, size: typeof SIZE | null = SIZE): Picture => {
  const header: PictureHeader = {
    sequence: 1,
    input: 1,
    codec: 'jpeg',
    moving: true,
    final: false,
    lastTile: true,
    better: false,
    samples: 1,
    widthPx: 4_000,
    heightPx: 4_000,
    tile: { x: 0, y: 0, widthPx: 4_000, heightPx: 4_000 },
    depth: size && { ...size, nearestM: 1, farthestM: 2 },
    near: 0.1,
    far: 10,
    pose: { position: [0, 0, 0], quaternion: [0, 0, 0, 1], fovDeg: 40 },
    stages: { inputWait: 0, draw: 0, readBack: 0, encode: 0, workerQueue: 0, relay: 0 },
    drawEndMs: 0,
  };
  return { header, colour: new Uint8Array(), depth };
};

describe('[LV28] the depth of a picture', () => {
  it('is read as it was written, of many pieces too', async () => {
    // Numbers without a pattern do not deflate.
    const size = { widthPx: 200, heightPx: 100 };
    const codes = Uint8Array.from({ length: 20_000 }, (_, i) => Math.floor(Math.abs(Math.sin(i * i)) * 255));
    const bytes = deflateRawSync(depthDifferences(codes, 200));
    expect(bytes.length).toBeGreaterThan(2_048);
    const plane = await decodeDepth(pictureOf(bytes, size));
    expect(plane).toMatchObject({ width: 200, height: 100 });
    const most = plane?.data.reduce((worst, code, i) => Math.max(worst, Math.abs(code - (codes[i] ?? 0))), 0);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('is none where the header says so', async () => {
    expect(await decodeDepth(pictureOf(new Uint8Array(), null))).toBeNull();
  });

  const zeros = (count: number) => deflateRawSync(new Uint8Array(count));
  const bomb = zeros(100_000_000);
  it.each([
    ['of a pixel too few', zeros(14), /14 of the 15 pixels/],
    ['of a pixel too many', zeros(16), /more than the 15 pixels/],
    ['that inflates to a hundred megabytes', bomb, /more than the 15 pixels/],
    ['that is cut off', zeros(15).subarray(0, 2), /does not inflate|0 of the 15/],
    ['that is none', Uint8Array.of(0xff, 0xfe, 0xfd), /does not inflate/],
    ['of no bytes', new Uint8Array(), /does not inflate|0 of the 15/],
  ])('[LV9] %s breaks the layout', async (_, bytes, why) => {
    const error: unknown = await decodeDepth(pictureOf(bytes)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KilnError);
    expect(error).toMatchObject({ code: 'protocol.violation', message: expect.stringMatching(why) });
  });

  it('takes no more memory than its header promises, whatever its bytes say', async () => {
    const before = process.memoryUsage();
    await decodeDepth(pictureOf(bomb)).catch(() => {});
    const { rss } = process.memoryUsage();
    expect(rss - before.rss).toBeLessThan(50_000_000);
  });
});
