/** [LV28] How far away things are, beside live pictures. */
import { inflateRawSync } from 'node:zlib';
import { depthCodes, depthErrorBound, type LiveView, type Pose, reciprocalOf } from '@kiln/shared';
import { Quaternion, Vector3 } from 'three';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GltfBuilder, layeredScene } from './glb.ts';
import { TestPage } from './test-page.ts';

const SIZE = { widthPx: 161, heightPx: 91 };
const VIEW: LiveView = {
  samples: 1,
  clip: null,
  fps: 24,
  toneMapping: 'none',
  exposureEv: 0,
  background: 'neutral',
  size: SIZE,
  frameNumber: 0,
  depth: true,
};
/** Beside a square that it sees aslant, and past its edges. */
const TURN = new Quaternion().setFromAxisAngle(new Vector3(0.3, 1, 0).normalize(), 0.6);
const POSE: Pose = { position: [1.2, -0.3, 2], quaternion: [TURN.x, TURN.y, TURN.z, TURN.w], fovDeg: 70 };

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

interface Asked {
  readonly view?: Partial<LiveView>;
  readonly samples?: number;
  readonly format?: 'jpeg' | 'png';
  readonly pose?: Pose;
  /** While moving: less than the view's. */
  readonly size?: typeof SIZE;
}

async function live(files: Uint8Array, { view, samples = 1, format = 'png', pose = POSE, size = SIZE }: Asked = {}) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const order = { sceneHash, view: { ...VIEW, ...view }, size, pose, format, quality: 75, samples } as const;
  const { result, bytes } = await page.client.call('live', order);
  const { depth } = result;
  const colour = bytes.subarray(0, bytes.length - (depth?.sizeBytes ?? 0));
  const codes = depth && depthCodes(new Uint8Array(inflateRawSync(bytes.subarray(colour.length))), depth.widthPx);
  return { colour, depth, codes };
}

/** From −1 to 1 in the plane of x and y. */
function square(): Uint8Array {
  const gltf = new GltfBuilder();
  gltf.node({ name: 'Square', mesh: gltf.square(gltf.unlit([1, 0.2, 0]), 2) });
  return gltf.build();
}

/** Of one colour, side by side, each as near as `height` says. */
function tiles(height: () => number): Uint8Array {
  const gltf = new GltfBuilder();
  const mesh = gltf.square(gltf.unlit([1, 0.2, 0]), 0.05);
  for (let i = 0; i < 40 * 40; i += 1) {
    gltf.node({ mesh, translation: [((i % 40) - 19.5) * 0.05, (Math.floor(i / 40) - 19.5) * 0.05, height()] });
  }
  return gltf.build();
}

/** Reciprocal distances to the square around the origin, seen through the middle of each pixel. */
function squareAt(column: number, row: number): number {
  const { position, fovDeg } = POSE;
  const tangent = Math.tan((fovDeg * Math.PI) / 360);
  const across = ((column + 0.5) / SIZE.widthPx) * 2 - 1;
  const up = 1 - ((row + 0.5) / SIZE.heightPx) * 2;
  const ahead = new Vector3(across * tangent * (SIZE.widthPx / SIZE.heightPx), up * tangent, -1);
  const direction = ahead.applyQuaternion(TURN);
  const distance = -position[2] / direction.z;
  const [x, y] = [position[0] + direction.x * distance, position[1] + direction.y * distance];
  return distance > 0 && Math.max(Math.abs(x), Math.abs(y)) <= 1 ? 1 / distance : 0;
}

describe('[LV28] the depth of a picture', () => {
  it.each([
    [
      'in software while moving, without multisamples',
      { view: { size: { widthPx: 640, heightPx: 360 } }, format: 'jpeg' },
    ],
    ['at rest', {}],
    ['of many samples', { samples: 4 }],
  ] as const)('is that of the nearest of each 2 × 2 pixels, within the bound, %s', async (_, asked) => {
    const { depth, codes } = await live(square(), asked);
    if (!depth || !codes) throw new Error('there is depth');
    expect([depth.widthPx, depth.heightPx, codes.length]).toEqual([81, 46, 81 * 46]);
    const bound = depthErrorBound(depth) * 1.01;
    let [same, edges] = [0, 0];
    for (const [i, code] of codes.entries()) {
      const [x, y] = [(i % 81) * 2, Math.floor(i / 81) * 2];
      const of = [0, 1, 2, 3].map((n) => squareAt(Math.min(x + (n & 1), 160), Math.min(y + (n >> 1), 90)));
      const nearest = Math.max(...of);
      // A sample beside the middle of a pixel may see past an edge that its middle sees.
      if (of.some((one) => (one === 0) !== (nearest === 0)) || (code === 0) !== (nearest === 0)) edges += 1;
      else {
        same += 1;
        const across = Math.max(...of) - Math.min(...of);
        expect(Math.abs(reciprocalOf(code, depth) - nearest)).toBeLessThanOrEqual(bound + across);
      }
    }
    expect(codes.filter((code) => code > 0).length).toBeGreaterThan(300);
    expect(codes.filter((code) => code === 0).length).toBeGreaterThan(300);
    expect(edges).toBeLessThan(same / 8);
  });

  it('changes no pixel of it', async () => {
    const scene = layeredScene();
    for (const asked of [{}, { samples: 5 }, { view: { size: { widthPx: 640, heightPx: 360 } } }]) {
      const [without, with_] = await Promise.all([
        live(scene, { ...asked, view: { ...asked.view, depth: false } }),
        live(scene, asked),
      ]);
      expect(without.depth).toBeNull();
      expect(with_.depth).not.toBeNull();
      expect(with_.colour.equals(without.colour)).toBe(true);
    }
  });

  it('is 0 everywhere where nothing stands, and none of an orthographic camera', async () => {
    const away: Pose = { ...POSE, quaternion: [0, 1, 0, 0] };
    const { depth, codes } = await live(square(), { pose: away });
    expect(depth).toMatchObject({ nearestM: 1, farthestM: 1 });
    expect(codes?.every((code) => code === 0)).toBe(true);
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    gltf.rest.cameras = [{ type: 'orthographic', orthographic: { xmag: 2, ymag: 2, znear: 0.1, zfar: 10 } }];
    gltf.node({ name: 'Flat', camera: 0, translation: [0, 0, 4] });
    expect((await live(gltf.build(), { view: { camera: 'Flat' } })).depth).toBeNull();
  });

  it('is that of what is blended where it hides what stands behind, or of that', async () => {
    const front: Pose = { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 };
    const behindGlass = (alpha: number) => {
      const gltf = new GltfBuilder();
      gltf.node({ mesh: gltf.square(gltf.unlit([0, 0, 1]), 0.5), translation: [0, 0, -1] });
      gltf.node({ mesh: gltf.square(gltf.unlit([1, 0.2, 0, alpha], { alphaMode: 'BLEND' }), 1) });
      return live(gltf.build(), { pose: front, format: 'jpeg' });
    };
    const middle = ({ depth, codes }: Awaited<ReturnType<typeof live>>) => {
      if (!depth || !codes) throw new Error('there is depth');
      const row = (depth.heightPx >> 1) * depth.widthPx;
      return 1 / reciprocalOf(codes[row + (depth.widthPx >> 1)] ?? 0, depth);
    };
    expect(middle(await behindGlass(0.8))).toBeCloseTo(3, 1);
    expect(middle(await behindGlass(0.2))).toBeCloseTo(4, 1);
  });

  it('is half as fine where it would take more than a quarter of the colour’s bytes', async () => {
    const front: Pose = { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 };
    const rough = await live(
      tiles(() => Math.random()),
      { format: 'jpeg', pose: front },
    );
    expect([rough.depth?.widthPx, rough.depth?.heightPx]).toEqual([41, 23]);
    const flat = await live(
      tiles(() => 0.5),
      { format: 'jpeg', pose: front },
    );
    expect(flat.depth?.widthPx).toBe(81);
    expect(flat.depth?.sizeBytes ?? 0).toBeLessThanOrEqual(flat.colour.length / 4);
  });
});
