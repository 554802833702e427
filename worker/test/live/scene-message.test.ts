import { LIMITS } from '@kiln/shared';
import { expect, it } from 'vitest';
import { sceneMessage } from '../../src/live/scene-message.ts';
import type { LoadResult } from '../../src/page/contract.ts';

function sceneOf(cameras: number, name = 'camera'): LoadResult {
  return {
    bounds: { min: [0, 0, 0], max: [1, 1, 1] },
    autoCamera: { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 40 },
    cameras: Array.from({ length: cameras }, (_, index) => ({
      name: `${name} ${index}`,
      position: [index, 0.1234567890123, 1],
      target: [0, 0, 0],
      fovDeg: 50,
    })),
    ...{ clips: [], variants: [], nodes: [], materials: [] },
    gpuBytes: 1,
    loadedNow: true,
    load: { startedAtMs: 0, durationMs: 0 },
  };
}

const sizeOf = (message: unknown) => Buffer.byteLength(JSON.stringify(message));

it('tells of every camera where they fit', () => {
  const loaded = {
    ...sceneOf(3),
    clips: [{ name: 'Walk', durationSec: 2 }],
    variants: ['Red'],
    nodes: ['Box', 'Lamp'],
    materials: ['Paint'],
  };
  const { gpuBytes: _, loadedNow: __, load: ___, ...told } = loaded;
  expect(sceneMessage(loaded)).toEqual({ message: { type: 'scene', takesCodecs: true, ...told }, leftOut: 0 });
});

it('[WS4] leaves half of a message to cameras, however many names there are', () => {
  const names = Array.from({ length: 9_000 }, (_, index) => `„${'größer'.repeat(20)}“ ${index}`);
  const { message } = sceneMessage({ ...sceneOf(20_000), variants: names, nodes: names, materials: ['Paint'] });
  expect(sizeOf(message)).toBeLessThanOrEqual(LIMITS.liveSceneBytes);
  expect(message.variants?.length).toBeGreaterThan(1_000);
  expect(message.variants).toEqual(names.slice(0, message.variants?.length));
  expect(sizeOf(message.cameras)).toBeGreaterThan(LIMITS.liveSceneBytes / 2 - 300);
});

it.each(['camera', 'Kamera „größer“ \n\u0001'])('[WS4] stays within the limit of a control message (%j)', (name) => {
  const { message, leftOut } = sceneMessage(sceneOf(20_000, name));
  const size = sizeOf(message);
  expect(size).toBeLessThanOrEqual(LIMITS.liveSceneBytes);
  // Not one more would have fitted.
  expect(size).toBeGreaterThan(LIMITS.liveSceneBytes - 300);
  expect(message.cameras.length + leftOut).toBe(20_000);
  expect(leftOut).toBeGreaterThan(0);
});

it('[WS4] fits exactly at the limit, and leaves one camera out a byte below it', () => {
  const loaded = sceneOf(5);
  // Each camera is counted with a comma, so the message ends one byte below what was counted.
  const counted = sizeOf(sceneMessage(loaded).message) + 1;
  expect(sceneMessage(loaded, counted).leftOut).toBe(0);
  expect(sceneMessage(loaded, counted - 1).leftOut).toBe(1);
});
