/** The pass `motion`: pixels from where a point is to where it is in the next frame, x to the right, y upwards. */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readExrFile } from './exr-file.ts';
import { changePrimitive, GltfBuilder, movingSquare } from './glb.ts';
import { TestPage } from './test-page.ts';

const PX_PER_M = 16;
const SIZE = { widthPx: 64, heightPx: 64 };
const MIDDLE = [32, 32] as const;
/** A frame is half a second. */
const FPS = 2;
const FLAT: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], heightM: 4 };
const SETTINGS: Partial<RenderSettings> = {
  camera: FLAT,
  size: SIZE,
  fps: FPS,
  clipLoop: 'once',
  format: 'exr',
  bitDepth: 'float',
  passes: ['motion'],
};

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function motion(
  files: Uint8Array,
  settings: Partial<RenderSettings> = {},
  [x, y]: readonly [number, number] = MIDDLE,
  frame = 0,
) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const file = readExrFile((await page.frame(sceneHash, { ...SETTINGS, ...settings }, frame)).bytes);
  return [file.value('motion.X', x, y), file.value('motion.Y', x, y)] as const;
}

function expectNear(got: readonly [number, number], [x, y]: readonly [number, number], withinPx = 1e-3): void {
  expect(Math.abs(got[0] - x)).toBeLessThan(withinPx);
  expect(Math.abs(got[1] - y)).toBeLessThan(withinPx);
}

/** A square that a clip of one second deforms: by a morph target that is all there at its end, or by a bone. */
function deformedSquare(how: 'morph' | 'bone'): Uint8Array {
  const gltf = new GltfBuilder();
  const mesh = gltf.square(gltf.unlit([1, 1, 1]));
  const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
  const rise = [0, 1, 0];
  const clip = (output: number, node: number, path: string) => {
    gltf.rest.animations = [{ samplers: [{ input, output }], channels: [{ sampler: 0, target: { node, path } }] }];
  };
  if (how === 'morph') {
    const moved = gltf.accessor(Float32Array.from([...rise, ...rise, ...rise, ...rise]), 'VEC3');
    changePrimitive(gltf, mesh, () => ({ targets: [{ POSITION: moved }] }));
    clip(gltf.accessor(Float32Array.of(0, 1), 'SCALAR'), gltf.node({ mesh }), 'weights');
    return gltf.build();
  }
  changePrimitive(gltf, mesh, ({ attributes }) => ({
    attributes: {
      ...attributes,
      JOINTS_0: gltf.accessor(new Uint16Array(16), 'VEC4'),
      WEIGHTS_0: gltf.accessor(
        Float32Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? 1 : 0)),
        'VEC4',
      ),
    },
  }));
  const joint = gltf.node({});
  gltf.rest.skins = [{ joints: [joint] }];
  gltf.node({ mesh, skin: 0 });
  clip(gltf.accessor(Float32Array.from([0, 0, 0, ...rise]), 'VEC3'), joint, 'translation');
  return gltf.build();
}

describe('the pass motion', () => {
  it('is as many pixels as a thing moves until the next frame, whatever draws the picture', async () => {
    // 2 m/s to the right; in frame 1 it stands in the middle.
    const expected = [(2 / FPS) * PX_PER_M, 0] as const;
    expectNear(await motion(movingSquare(), {}, MIDDLE, 1), expected);
    const beside: Partial<RenderSettings> = { passes: ['beauty', 'depth', 'motion'] };
    expectNear(await motion(movingSquare(), beside, MIDDLE, 1), expected);
    const traced: Partial<RenderSettings> = { ...beside, engine: 'pathtrace', shutterAngleDeg: 180, samples: 2 };
    expectNear(await motion(movingSquare(), traced, MIDDLE, 1), expected);
    expectNear(await motion(movingSquare(), { clip: 'Rise' }, MIDDLE, 1), [0, (2 / FPS) * PX_PER_M]);
  });

  it('is nothing where nothing stands, and where nothing moves', async () => {
    expect(await motion(movingSquare(), {}, [2, 2], 1)).toEqual([0, 0]);
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.matte(0.5)) });
    expect(await motion(gltf.build())).toEqual([0, 0]);
  });

  it('is that of a camera that moves', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.matte(0.5), 3) });
    const key = (frame: number, x: number) => ({ frame, position: [x, 0, 3], target: [x, 0, 0], heightM: 4 });
    const camera = { path: [key(0, 0), key(1, 0.5)], interpolation: 'linear' } as RenderSettings['camera'];
    expectNear(await motion(gltf.build(), { camera }), [-0.5 * PX_PER_M, 0]);
  });

  it('is that of a camera that turns, pixel by pixel', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.matte(0.5), 3) });
    const frames = 36;
    // A pixel's point is at x, 0; 10° further around, the camera sees it at cos 10° x.
    for (const column of [16, 32, 44]) {
      const x = column + 0.5 - 32;
      const got = await motion(gltf.build(), { turntable: { frames } }, [column, 32]);
      expectNear(got, [x * (Math.cos((2 * Math.PI) / frames) - 1), 0]);
    }
  });

  it.each(['morph', 'bone'] as const)('is that of what a %s deforms', async (how) => {
    expectNear(await motion(deformedSquare(how), {}, [32, 28]), [0, PX_PER_M / FPS]);
  });

  it('is that of each instance', async () => {
    const gltf = new GltfBuilder();
    const extension = 'EXT_mesh_gpu_instancing';
    const TRANSLATION = gltf.accessor(Float32Array.of(-1, 0, 0, 1, 0, 0), 'VEC3');
    gltf.uses(extension);
    const node = gltf.node({
      mesh: gltf.square(gltf.matte(0.5)),
      extensions: { [extension]: { attributes: { TRANSLATION } } },
    });
    const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
    // Half a turn about z in a second: in half a second what was on the right is above.
    const output = gltf.accessor(Float32Array.of(0, 0, 0, 1, 0, 0, 1, 0), 'VEC4');
    gltf.rest.animations = [
      { samplers: [{ input, output }], channels: [{ sampler: 0, target: { node, path: 'rotation' } }] },
    ];
    const at = (column: number) => column + 0.5 - 32;
    expectNear(await motion(gltf.build(), {}, [48, 32]), [0.5 - at(48), at(48) + 0.5], 0.05);
    expectNear(await motion(gltf.build(), {}, [16, 32]), [0.5 - at(16), at(16) + 0.5], 0.05);
  });
});
