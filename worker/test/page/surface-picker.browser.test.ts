/** [LV37] What is at a point of a live view: the very thing that a picture shows there. */
import type { LiveView, PickedSurface, Pose } from '@kiln/shared';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changePrimitive, GltfBuilder, movingSquare } from './glb.ts';
import { twoSquares, withVariants } from './scene-edits.ts';
import { TestPage } from './test-page.ts';

/** Sees 8 × 4 metres of the plane z = 0, 25 pixels a metre. */
const SIZE = { widthPx: 200, heightPx: 100 };
const FRONT: Pose = { position: [0, 0, 5], quaternion: [0, 0, 0, 1], fovDeg: (2 * Math.atan(2 / 5) * 180) / Math.PI };
const PX = 1 / 25;
const VIEW: LiveView = {
  ...{ samples: 1, clip: null, fps: 24, toneMapping: 'none', exposureEv: 0, background: 'neutral', frameNumber: 0 },
  size: SIZE,
};

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

interface Asked {
  readonly view?: Partial<LiveView>;
  readonly pose?: Pose;
  readonly aspect?: number;
}

/** @param x metres in the plane z = 0, as `FRONT` sees it. */
async function pick(files: GltfBuilder | Uint8Array, x: number, y: number, { view, pose, aspect }: Asked = {}) {
  const { sceneHash } = await page.load({ 'scene.glb': files instanceof GltfBuilder ? files.build() : files });
  const order = { sceneHash, view: { ...VIEW, ...view }, pose: pose ?? FRONT, aspect: aspect ?? null };
  const { result } = await page.client.call('pick', { ...order, x: x / 8 + 0.5, y: 0.5 - y / 4 });
  return result;
}

const names = (surface: PickedSurface | null) => surface && [surface.node.name, surface.material?.name ?? null];

function expectNear(surface: PickedSurface | null, position: readonly number[], normal?: readonly number[]): void {
  for (const [i, value] of position.entries()) expect(surface?.position[i]).toBeCloseTo(value, 3);
  for (const [i, value] of (normal ?? []).entries()) expect(surface?.normal[i]).toBeCloseTo(value, 3);
}

describe('a point of the picture', () => {
  it('has node and material by the names that edits take, position and normal; nothing where nothing stands', async () => {
    const left = await pick(twoSquares(), -1.2, 0.3);
    expect(left).toMatchObject({
      node: { name: 'Left', pointer: '/nodes/0' },
      material: { name: 'Paint', pointer: '/materials/0' },
    });
    expectNear(left, [-1.2, 0.3, 0], [0, 0, 1]);
    const right = await pick(twoSquares(), 1, 0);
    // By its own node, not by the one above.
    expect(right).toMatchObject({ node: { name: 'Right', pointer: '/nodes/1' }, material: { name: 'Glass' } });
    for (const [x, y] of [
      [0, 0],
      [-1, 0.6],
      [3.9, 1.9],
      [-4, -2],
      [4, 2],
    ] as const) {
      expect(await pick(twoSquares(), x, y)).toBeNull();
    }
  });

  it('is of one of several materials of a thing, and of the thing itself', async () => {
    const gltf = new GltfBuilder();
    const parts = [-1, 1].map((x) => {
      const POSITION = gltf.accessor(Float32Array.of(x - 0.5, -0.5, 0, x + 0.5, -0.5, 0, x, 0.5, 0), 'VEC3');
      return { attributes: { POSITION }, material: gltf.unlit([1, 0, 0], { name: x < 0 ? 'Wood' : 'Steel' }) };
    });
    gltf.meshes.push({ primitives: parts });
    const axe = gltf.node({ name: 'Axe', mesh: 0 });
    gltf.node({ name: 'Hand', children: [axe] });
    expect(names(await pick(gltf, -1, 0))).toEqual(['Axe', 'Wood']);
    expect(names(await pick(gltf, 1, 0))).toEqual(['Axe', 'Steel']);
  });

  it('ends where the thing ends, to a part of a pixel', async () => {
    expect(names(await pick(twoSquares(), -0.5 - PX / 4, 0))).toEqual(['Left', 'Paint']);
    expect(await pick(twoSquares(), -0.5 + PX / 4, 0)).toBeNull();
  });

  it('has what is shown: not what is hidden, the material of the variant, what was moved', async () => {
    const behind = twoSquares();
    behind.node({
      name: 'Wall',
      mesh: behind.square(behind.unlit([1, 1, 1], { name: 'Chalk' }), 6),
      translation: [0, 0, -1],
    });
    expect(names(await pick(behind, 1, 0))).toEqual(['Right', 'Glass']);
    expect(names(await pick(behind, 1, 0, { view: { hide: ['Group'] } }))).toEqual(['Wall', 'Chalk']);
    expect(names(await pick(behind, 1, 0, { view: { hide: ['Group', 'Wall'] } }))).toBeNull();
    expect(names(await pick(behind, 1, 0))).toEqual(['Right', 'Glass']);
    expect(names(await pick(withVariants(), -1, 0))).toEqual(['Left', 'Paint']);
    const inVariant = await pick(withVariants(), -1, 0, { view: { variant: 'Green' } });
    expect(inVariant?.material).toEqual({ name: 'material-2', pointer: '/materials/2' });
    const moved = { pointers: [{ pointer: '/nodes/0/translation', value: [0, 1, 0] }] };
    expect(names(await pick(twoSquares(), 0, 1, { view: moved }))).toEqual(['Left', 'Paint']);
    await expect(pick(twoSquares(), 0, 1, { view: { hide: ['Nobody'] } })).rejects.toMatchObject({
      code: 'job.unsupported',
    });
  });

  it('is of the frame: what a clip, a skin, a morph target has carried there', async () => {
    expect(names(await pick(movingSquare(), -1, 0))).toEqual(['Square', 'material-0']);
    expect(await pick(movingSquare(), -1, 0, { view: { frameNumber: 12 } })).toBeNull();
    expectNear(await pick(movingSquare(), 0.2, 0, { view: { frameNumber: 12 } }), [0.2, 0, 0]);

    const skinned = new GltfBuilder();
    const body = skinned.square(skinned.unlit([1, 0, 0], { name: 'Skin' }));
    const JOINTS_0 = skinned.accessor(new Uint16Array(16), 'VEC4');
    const WEIGHTS_0 = skinned.accessor(
      Float32Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? 1 : 0)),
      'VEC4',
    );
    changePrimitive(skinned, body, ({ attributes }) => ({ attributes: { ...attributes, JOINTS_0, WEIGHTS_0 } }));
    const joint = skinned.node({ name: 'Joint' });
    skinned.node({ name: 'Body', mesh: body, skin: 0 });
    skinned.rest.skins = [{ joints: [joint] }];
    carry(skinned, joint, 'translation', Float32Array.of(0, 0, 0, 2, 1, 0), 'VEC3');
    expect(names(await pick(skinned, 2, 1, { view: { frameNumber: 0 } }))).toBeNull();
    const carried = await pick(skinned, 2.1, 1.1, { view: { frameNumber: 24, clipLoop: 'once' } });
    expect(names(carried)).toEqual(['Body', 'Skin']);
    expectNear(carried, [2.1, 1.1, 0], [0, 0, 1]);

    const morphed = new GltfBuilder();
    const mesh = morphed.square(morphed.unlit([1, 0, 0]));
    const POSITION = morphed.accessor(Float32Array.of(2, 0, 0, 2, 0, 0, 2, 0, 0, 2, 0, 0), 'VEC3');
    changePrimitive(morphed, mesh, () => ({ targets: [{ POSITION }] }));
    carry(morphed, morphed.node({ name: 'Face', mesh }), 'weights', Float32Array.of(0, 1), 'SCALAR');
    expect(await pick(morphed, 2, 0, { view: { frameNumber: 0 } })).toBeNull();
    expect(names(await pick(morphed, 2, 0, { view: { frameNumber: 24, clipLoop: 'once' } }))?.[0]).toBe('Face');
  });

  it('is one of many instances', async () => {
    const gltf = new GltfBuilder().uses('EXT_mesh_gpu_instancing');
    const TRANSLATION = gltf.accessor(Float32Array.of(-2, 0, 0, 2, 0, 0), 'VEC3');
    const mesh = gltf.square(gltf.unlit([1, 0, 0]), 0.5);
    gltf.node({ name: 'Trees', mesh, extensions: { EXT_mesh_gpu_instancing: { attributes: { TRANSLATION } } } });
    for (const x of [-2, 2]) expectNear(await pick(gltf, x, 0.1), [x, 0.1, 0]);
    expect(await pick(gltf, 0, 0)).toBeNull();
  });

  it('is past holes, the backs of what has one side, and what is all but invisible', async () => {
    const gltf = new GltfBuilder();
    const half = { raw: { width: 2, height: 1, channels: 4 as const } };
    const texture = gltf.textured(
      await sharp(Buffer.from([255, 0, 0, 255, 255, 0, 0, 0]), half)
        .png()
        .toBuffer(),
    );
    Object.assign(gltf.materials[texture] ?? {}, { alphaMode: 'MASK' });
    gltf.node({ name: 'Leaf', mesh: gltf.square(texture), translation: [-2, 0, 0] });
    const oneSided = gltf.square(gltf.unlit([0, 1, 0], { doubleSided: false }));
    gltf.node({ name: 'Back', mesh: oneSided, rotation: [0, 1, 0, 0] });
    for (const [index, alpha] of [0.2, 0.05].entries()) {
      const glass = gltf.square(gltf.unlit([0, 0, 1, alpha], { alphaMode: 'BLEND' }));
      gltf.node({ name: `Glass ${alpha}`, mesh: glass, translation: [1.5 + 1.2 * index, 0, 0] });
    }
    expect(names(await pick(gltf, -2.25, 0))?.[0]).toBe('Leaf');
    expect(await pick(gltf, -1.75, 0)).toBeNull();
    expect(await pick(gltf, 0, 0)).toBeNull();
    expect(names(await pick(gltf, 1.5, 0))?.[0]).toBe('Glass 0.2');
    expect(await pick(gltf, 2.7, 0)).toBeNull();
  });

  it('is of a point or a line a few pixels beside it, unless something stands before that', async () => {
    const gltf = new GltfBuilder();
    const lines = gltf.accessor(Float32Array.of(-3, -1, 0, 3, -1, 0), 'VEC3');
    gltf.meshes.push({ primitives: [{ attributes: { POSITION: lines }, mode: 1, material: gltf.unlit([1, 1, 1]) }] });
    gltf.node({ name: 'Wire', mesh: 0 });
    gltf.node({ name: 'Stars', mesh: gltf.points() });
    gltf.node({ name: 'Board', mesh: gltf.square(gltf.unlit([1, 0, 0]), 1), translation: [2, -1, 0.5] });
    const wire = await pick(gltf, -1, -1 + 2 * PX);
    expect(wire).toMatchObject({ node: { name: 'Wire' }, normal: [0, 0, 1] });
    expect(wire?.position[1]).toBeCloseTo(-1, 2);
    expect(await pick(gltf, -1, -1 + 6 * PX)).toBeNull();
    expect(names(await pick(gltf, 1 + 2 * PX, PX))).toEqual(['Stars', null]);
    expect(names(await pick(gltf, 1.8, -0.9))?.[0]).toBe('Board');
    // Before the board it is thin, too.
    const before = gltf.accessor(Float32Array.of(1.5, -0.6, 0.6, 2.5, -0.6, 0.6), 'VEC3');
    gltf.meshes.push({ primitives: [{ attributes: { POSITION: before }, mode: 1 }] });
    gltf.node({ name: 'Crack', mesh: gltf.meshes.length - 1 });
    // As seen through the plane z = 0.
    expect(names(await pick(gltf, 2 * (5 / 4.4), -0.6 * (5 / 4.4) + 2 * PX))?.[0]).toBe('Crack');
  });
});

describe('the view of it', () => {
  /** A square that faces to the right, one metre from the origin. */
  function sideways(): GltfBuilder {
    const gltf = new GltfBuilder();
    const mesh = gltf.square(gltf.unlit([1, 0, 0]), 2);
    gltf.node({ name: 'Side', mesh, translation: [1, 0, 0], rotation: [0, Math.SQRT1_2, 0, Math.SQRT1_2] });
    gltf.rest.cameras = [{ type: 'orthographic', orthographic: { xmag: 2, ymag: 2, znear: 0.1, zfar: 20 } }];
    gltf.node({ name: 'Flat', camera: 0, translation: [5, 0, 0], rotation: [0, Math.SQRT1_2, 0, Math.SQRT1_2] });
    return gltf;
  }

  it('is from where the viewer is, in the shape that it has there', async () => {
    const pose: Pose = { ...FRONT, position: [6, 0, 0], quaternion: [0, Math.SQRT1_2, 0, Math.SQRT1_2] };
    expect(await pick(sideways(), 0, 0)).toBeNull();
    expectNear(await pick(sideways(), 0.5, 0.4, { pose }), [1, 0.4, -0.5], [1, 0, 0]);
    // Half as wide: the same place of the picture is half as far from its middle.
    expectNear(await pick(sideways(), 1, 0.4, { pose, aspect: 1 }), [1, 0.4, -0.5]);
  });

  it('[LV26] is that of a camera which it names, of an orthographic one too', async () => {
    // It sees 4 metres of height, and here 8 of width.
    const flat = await pick(sideways(), 0.7, -0.9, { view: { camera: 'Flat' } });
    expectNear(flat, [1, -0.9, -0.7], [1, 0, 0]);
    expect(await pick(sideways(), 1.1, 0, { view: { camera: 'Flat' } })).toBeNull();
    expect(names(await pick(twoSquares(), -0.1, 0, { view: { camera: 'auto' } }))).toBeNull();
    expect(names(await pick(twoSquares(), -2, 0, { view: { camera: 'auto' } }))).toEqual(['Left', 'Paint']);
  });

  it('leaves pictures as they are, that are drawn before and after', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': movingSquare() });
    const draw = async () => {
      const order = { sceneHash, view: VIEW, size: SIZE, pose: FRONT, format: 'png', quality: 90, samples: 2 } as const;
      return (await page.client.call('live', order)).bytes;
    };
    const before = await draw();
    await pick(movingSquare(), 1, 0, {
      view: { frameNumber: 23, materials: [{ material: 'material-0', opacity: 0.5 }] },
    });
    expect((await draw()).equals(before)).toBe(true);
  });
});

/** A clip of one second. */
function carry(gltf: GltfBuilder, node: number, path: string, values: Float32Array, type: 'SCALAR' | 'VEC3'): void {
  const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
  gltf.rest.animations = [
    { samplers: [{ input, output: gltf.accessor(values, type) }], channels: [{ sampler: 0, target: { node, path } }] },
  ];
}
