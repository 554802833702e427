/** A ball above ground, seen from above with its shadow: where that lies can be reckoned. */
import type { RenderSettings } from '@kiln/shared';
import { GltfBuilder } from './glb.ts';
import type { Pixels } from './pixels.ts';

export const RADIUS = 0.2;
export const HEIGHT = 0.5;

/** A ball above the origin, a light that shines down and to the north, −z, and a white floor where one is asked for. */
export function floatingBall({ elevationDeg = 45, floor = false, sun = true } = {}): Uint8Array {
  const gltf = new GltfBuilder();
  const half = (elevationDeg * Math.PI) / 360;
  if (floor) gltf.node({ mesh: gltf.square(gltf.matte(1), 4), rotation: [-Math.SQRT1_2, 0, 0, Math.SQRT1_2] });
  gltf.node({ mesh: gltf.sphere(gltf.matte(0.5), RADIUS), translation: [0, HEIGHT, 0] });
  if (sun) gltf.directionalLight({ intensity: 2, rotation: [-Math.sin(half), 0, 0, Math.cos(half)] });
  return gltf.build();
}

/** From straight above, north at the top. @param north of the origin, in metres. */
export const above = (north: number): RenderSettings['camera'] => ({
  position: [0, 5, -north],
  target: [0, 0, -north],
  heightM: 2,
  up: [0, 0, -1],
});

/**
 * The pixels of a picture from above that show ground: `place` is below 1 in the shadow, above it outside.
 *
 * @param away metres to the north where the shadow's middle is, and the picture's.
 */
export function groundOf({ width, height, at }: Pixels, away: number) {
  const elevation = Math.atan2(HEIGHT, away);
  return Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const [east, north] = [((x + 0.5) / width - 0.5) * 2, (0.5 - (y + 0.5) / height) * 2];
    const place = Math.hypot(east, north * Math.sin(elevation)) / RADIUS;
    return { x, y, place, levels: at(x, y), toBall: Math.hypot(east, north + away) };
  }).filter(({ toBall }) => toBall > RADIUS + 0.05);
}
