/** Scenes of the fidelity table: small, made here, with something of everything that an engine must get right. */
import sharp from 'sharp';
import { changePrimitive, GltfBuilder } from '../glb.ts';

type Json = Record<string, unknown>;
type Rgb = readonly [number, number, number];

/** Turned about x by −90°: a square that faces z then lies on the ground. */
const LYING = [-Math.SQRT1_2, 0, 0, Math.SQRT1_2];

const pbr = ([r, g, b]: Rgb, metallicFactor: number, roughnessFactor: number): Json => ({
  pbrMetallicRoughness: { baseColorFactor: [r, g, b, 1], metallicFactor, roughnessFactor },
});

/** Squares of two greys that are easily told apart, 16 by 16. */
function checks(): Promise<Buffer> {
  const levels = Buffer.alloc(16 * 16 * 3);
  for (let i = 0; i < 256; i += 1) levels.fill(((i % 16) + (i >> 4)) % 2 === 0 ? 205 : 90, i * 3, i * 3 + 3);
  return sharp(levels, { raw: { width: 16, height: 16, channels: 3 } })
    .png()
    .toBuffer();
}

/** Ground of 6 m with checks, at y = −0.5. */
async function ground(gltf: GltfBuilder): Promise<void> {
  gltf.rest.images = [{ bufferView: gltf.view(await checks()), mimeType: 'image/png' }];
  gltf.rest.samplers = [{ magFilter: 9728, minFilter: 9987, wrapS: 10497, wrapT: 10497 }];
  gltf.rest.textures = [{ source: 0, sampler: 0 }];
  const checked = { baseColorTexture: { index: 0 }, metallicFactor: 0, roughnessFactor: 0.9 };
  const material = gltf.material({ name: 'Ground', pbrMetallicRoughness: checked });
  gltf.node({ name: 'Ground', mesh: gltf.square(material, 6), translation: [0, -0.5, 0], rotation: LYING });
}

const sun = (gltf: GltfBuilder, intensity = 2) =>
  // From the upper right, in front.
  gltf.directionalLight({ intensity, rotation: [-0.3646, 0.2798, 0.1161, 0.8805] });

/** Three balls on checked ground: matte red, rough gold, shiny blue; a glowing square; a sun with shadows. */
export async function stillLife({ light = true } = {}): Promise<Uint8Array> {
  const gltf = new GltfBuilder();
  await ground(gltf);
  const ball = (name: string, x: number, z: number, material: Json) =>
    gltf.node({
      name,
      mesh: gltf.sphere(gltf.material({ name: `${name} paint`, ...material }), 0.5),
      translation: [x, 0, z],
    });
  ball('Clay', -1.1, 0, pbr([0.75, 0.12, 0.08], 0, 0.9));
  ball('Gold', 0, -0.6, pbr([1, 0.72, 0.3], 1, 0.35));
  ball('Lacquer', 1, 0.4, pbr([0.05, 0.15, 0.7], 0, 0.1));
  gltf.uses('KHR_materials_emissive_strength');
  const glowing = gltf.material({
    name: 'Lamp',
    pbrMetallicRoughness: { baseColorFactor: [0, 0, 0, 1] },
    emissiveFactor: [0.3, 1, 0.5],
    extensions: { KHR_materials_emissive_strength: { emissiveStrength: 2 } },
  });
  gltf.node({ name: 'Lamp', mesh: gltf.square(glowing, 0.5), translation: [-0.3, -0.1, 0.6] });
  if (light) sun(gltf);
  return gltf.build();
}

/** A point light, a spot light and a sun on white ground with a ball, each of its colour. */
export async function lamps(): Promise<Uint8Array> {
  const gltf = new GltfBuilder();
  await ground(gltf);
  gltf.node({ mesh: gltf.sphere(gltf.matte(0.8), 0.5) });
  gltf.pointLight({ intensity: 2, translation: [-1.2, 0.3, 0.6] });
  sun(gltf, 0.4);
  const lights = (gltf.rest.extensions as { KHR_lights_punctual: { lights: Json[] } }).KHR_lights_punctual.lights;
  Object.assign(lights[0] ?? {}, { color: [1, 0.4, 0.2] });
  const spot = { innerConeAngle: 0.2, outerConeAngle: 0.35 };
  lights.push({ type: 'spot', intensity: 12, color: [0.3, 0.5, 1], spot });
  const turned = { rotation: LYING, translation: [1.1, 1.8, 0.3] };
  gltf.node({ ...turned, extensions: { KHR_lights_punctual: { light: 2 } } });
  return gltf.build();
}

/** A glass ball that takes green away, and a frosted plate, before coloured stripes. */
export function glassware(): Uint8Array {
  const gltf = new GltfBuilder().uses('KHR_materials_transmission', 'KHR_materials_volume', 'KHR_materials_ior');
  const stripes: Rgb[] = [
    [0.9, 0.1, 0.1],
    [0.9, 0.8, 0.1],
    [0.1, 0.7, 0.2],
    [0.1, 0.4, 0.9],
    [0.6, 0.2, 0.8],
    [0.9, 0.5, 0.1],
  ];
  for (const [index, color] of stripes.entries()) {
    const mesh = gltf.square(gltf.unlit(color), 0.5);
    gltf.node({ mesh, translation: [(index - 2.5) * 0.6, 0, -0.9], scale: [1, 5, 1] });
  }
  const glass = (roughness: number, thicknessFactor: number) =>
    gltf.material({
      ...pbr([1, 1, 1], 0, roughness),
      extensions: {
        KHR_materials_transmission: { transmissionFactor: 1 },
        KHR_materials_ior: { ior: 1.4 },
        KHR_materials_volume: { thicknessFactor, attenuationDistance: 0.8, attenuationColor: [0.9, 0.5, 0.9] },
      },
    });
  gltf.node({ mesh: gltf.sphere(glass(0, 1), 0.55), translation: [-0.6, 0, 0] });
  gltf.node({ mesh: gltf.square(glass(0.4, 0.05), 1), translation: [0.8, 0, 0] });
  sun(gltf);
  return gltf.build();
}

/** Two lit bands, one that a joint bends and one that a morph target does, in a clip "Bend" of one second. */
export function bending(): Uint8Array {
  const gltf = new GltfBuilder();
  const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
  const hang = (name: string, color: Rgb) =>
    gltf.square(gltf.material({ name, ...pbr(color, 0, 0.6), doubleSided: true }));
  const skinned = hang('Skin', [0.8, 0.4, 0.1]);
  const root = gltf.node({ name: 'Root', translation: [-0.7, 0, 0] });
  const tip = gltf.node({ name: 'Tip', translation: [-0.7, 0, 0] });
  // Corners below hang on the first joint, those above on the second.
  const JOINTS_0 = gltf.accessor(Uint16Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0), 'VEC4');
  const whole = Float32Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? 1 : 0));
  const WEIGHTS_0 = gltf.accessor(whole, 'VEC4');
  changePrimitive(gltf, skinned, ({ attributes }) => ({ attributes: { ...attributes, JOINTS_0, WEIGHTS_0 } }));
  gltf.rest.skins = [{ joints: [root, tip] }];
  gltf.node({ name: 'Skinned', mesh: skinned, skin: 0 });
  const morphed = hang('Morph', [0.1, 0.5, 0.8]);
  const POSITION = gltf.accessor(Float32Array.of(0, 0, 0, 0, 0, 0, -0.6, 0.4, 0.8, 0.4, 0.2, 0.8), 'VEC3');
  changePrimitive(gltf, morphed, () => ({ targets: [{ POSITION }] }));
  const shape = gltf.node({ name: 'Morphed', mesh: morphed, translation: [0.8, 0, 0], weights: [0] });
  const angle = 0.5;
  const turn = Float32Array.of(0, 0, 0, 1, 0, 0, Math.sin(angle / 2), Math.cos(angle / 2));
  gltf.rest.animations = [
    {
      name: 'Bend',
      samplers: [
        { input, output: gltf.accessor(turn, 'VEC4'), interpolation: 'LINEAR' },
        { input, output: gltf.accessor(Float32Array.of(0, 1), 'SCALAR'), interpolation: 'LINEAR' },
      ],
      channels: [
        { sampler: 0, target: { node: tip, path: 'rotation' } },
        { sampler: 1, target: { node: shape, path: 'weights' } },
      ],
    },
  ];
  sun(gltf);
  return gltf.build();
}

/** A ball that rolls through the picture over checked ground, 2 m in a second, and one that stands. */
export async function rolling(): Promise<Uint8Array> {
  const gltf = new GltfBuilder();
  await ground(gltf);
  const ball = gltf.sphere(gltf.material(pbr([0.8, 0.2, 0.1], 0, 0.8)), 0.5);
  const node = gltf.node({ name: 'Rolling', mesh: ball });
  gltf.node({ mesh: gltf.sphere(gltf.material(pbr([0.1, 0.6, 0.3], 0, 0.8)), 0.4), translation: [-1, -0.1, -0.8] });
  const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
  const output = gltf.accessor(Float32Array.of(-1, 0, 0, 1, 0, 0), 'VEC3');
  gltf.rest.animations = [
    {
      name: 'Roll',
      samplers: [{ input, output, interpolation: 'LINEAR' }],
      channels: [{ sampler: 0, target: { node, path: 'translation' } }],
    },
  ];
  sun(gltf);
  return gltf.build();
}

/** The ball is red in the file, green in the variant "Moss"; the one behind it stays. */
export async function painted(): Promise<Uint8Array> {
  const gltf = new GltfBuilder().uses('KHR_materials_variants');
  await ground(gltf);
  const ball = gltf.sphere(gltf.material(pbr([0.8, 0.1, 0.1], 0, 0.5)), 0.5);
  const moss = gltf.material(pbr([0.1, 0.5, 0.1], 0, 0.9));
  changePrimitive(gltf, ball, () => ({
    extensions: { KHR_materials_variants: { mappings: [{ material: moss, variants: [0] }] } },
  }));
  gltf.node({ mesh: ball });
  gltf.node({ mesh: gltf.sphere(gltf.material(pbr([0.9, 0.9, 0.9], 1, 0.2)), 0.4), translation: [0.9, -0.1, -0.7] });
  sun(gltf);
  gltf.rest.extensions = {
    ...(gltf.rest.extensions as Json),
    KHR_materials_variants: { variants: [{ name: 'Moss' }] },
  };
  return gltf.build();
}
