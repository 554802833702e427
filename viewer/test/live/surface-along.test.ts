import { type Pose, quantiseDepth } from '@kiln/shared';
import { PerspectiveCamera, Ray, Vector3 } from 'three';
import { expect, test } from 'vitest';
import { surfaceAlong, surfaceThrough } from '../../src/live/surface-along.ts';
import { surfaceAt } from '../../src/live/surface-at.ts';
import { halved, lookAt, trace } from '../fake-farm/traced-scene.ts';

const SIZE = { widthPx: 320, heightPx: 180 };
const pose = lookAt([0, 2.2, 7], [0, 0.6, 0.4], 40);
const quantised = quantiseDepth(halved(trace(pose, SIZE, 0, 0).reciprocals, SIZE));
const seen = {
  depth: { data: quantised.codes, width: SIZE.widthPx / 2, height: SIZE.heightPx / 2 },
  range: quantised.range,
  pose,
  aspect: 16 / 9,
};
const along = (from: readonly [number, number, number], to: readonly [number, number, number]) => {
  const origin = new Vector3(...from);
  return surfaceAlong(seen, new Ray(origin, new Vector3(...to).sub(origin).normalize()));
};

test('a ray from elsewhere meets the floor that the picture shows', () => {
  const found = along([2.2, 3, 3], [2.2, 0, 3]);
  expect(found?.position).toEqual([expect.closeTo(2.2, 3), expect.closeTo(0, 1), expect.closeTo(3, 3)]);
  expect(found?.normal[1]).toBeGreaterThan(0.95);
});

test('a ray meets the first of what it meets', () => {
  // The largest ball, of radius 1 around (0, 1, 0), from its right upper front.
  const [x = 0, y = 0, z = 0] = along([2, 3, 4], [0, 1, 0])?.position ?? [];
  expect(Math.hypot(x, y - 1, z)).toBeCloseTo(1, 1);
});

test('a ray that passes behind a thing, and one into the air, meet nothing', () => {
  expect(along([-3, 1, -1.2], [3, 1, -1.2])).toBeNull();
  expect(along([0, 3, 4], [0, 9, 0])).toBeNull();
});

/** Where a point of the world is in a view of 16:9, from its upper left corner. */
function placeIn(pose: Pose, point: readonly [number, number, number]) {
  const camera = new PerspectiveCamera(pose.fovDeg, 16 / 9);
  camera.position.set(...pose.position);
  camera.quaternion.set(...pose.quaternion);
  camera.updateMatrixWorld();
  const { x, y } = new Vector3(...point).project(camera);
  return { x: (x + 1) / 2, y: (1 - y) / 2 };
}
const onFloor = [2.2, 0, 3] as const;

test('a point of a view that has turned on, or is narrower than the picture, is where it is seen there', () => {
  for (const shown of [lookAt([0.6, 2.2, 6.9], [0, 0.6, 0.4], 40), { ...pose, fovDeg: 36 }]) {
    const found = surfaceThrough(seen, { pose: shown, aspect: 16 / 9 }, placeIn(shown, onFloor));
    const [x, y, z] = onFloor.map((value) => expect.closeTo(value, 1));
    expect(found?.position).toEqual([x, y, z]);
  }
});

test('a point of the picture as it was seen is what the picture shows there', () => {
  const place = placeIn(pose, onFloor);
  for (const from of [null, pose])
    expect(surfaceThrough(seen, { pose: from, aspect: 16 / 9 }, place)).toEqual(surfaceAt(seen, place.x, place.y));
});
