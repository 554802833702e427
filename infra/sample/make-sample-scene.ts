/**
 * Makes the sample scene that every new tenant finds: pottery on a plinth, a brass knot that turns once in four seconds.
 * Run: `node --import tsx infra/sample/make-sample-scene.ts`. Own work, CC0.
 */
import { writeFileSync } from 'node:fs';
import { CylinderGeometry, LatheGeometry, SphereGeometry, TorusKnotGeometry, Vector2 } from 'three';
import { GlbBuilder } from './glb-builder.ts';

const SEGMENTS = 56;
const TURN_SEC = 4;

/** Smooth profile through points given as radius, height. */
function lathe(points: readonly (readonly [number, number])[], steps = 40): LatheGeometry {
  const at = (i: number) => points[Math.min(points.length - 1, Math.max(0, i))] as readonly [number, number];
  const profile: Vector2[] = [];
  for (let s = 0; s <= steps; s++) {
    const t = (s / steps) * (points.length - 1);
    const i = Math.min(points.length - 2, Math.floor(t));
    const u = t - i;
    const spline = (c: 0 | 1) => {
      const [a, b, d, e] = [at(i - 1)[c], at(i)[c], at(i + 1)[c], at(i + 2)[c]];
      return 0.5 * (2 * b + (d - a) * u + (2 * a - 5 * b + 4 * d - e) * u * u + (3 * b - a - 3 * d + e) * u * u * u);
    };
    profile.push(new Vector2(Math.max(0.0005, spline(0)), spline(1)));
  }
  return new LatheGeometry(profile, SEGMENTS);
}

const glb = new GlbBuilder();
const pbr = (rgb: readonly [number, number, number], metallicFactor: number, roughnessFactor: number) => ({
  baseColorFactor: [...rgb, 1],
  metallicFactor,
  roughnessFactor,
});

const stone = glb.material({ name: 'Stone', pbrMetallicRoughness: pbr([0.62, 0.59, 0.55], 0, 0.85) });
const celadon = glb.material({
  name: 'Celadon glaze',
  doubleSided: true,
  pbrMetallicRoughness: pbr([0.16, 0.36, 0.3], 0, 0.45),
  extensions: { KHR_materials_clearcoat: { clearcoatFactor: 1, clearcoatRoughnessFactor: 0.06 } },
});
const terracotta = glb.material({
  name: 'Terracotta',
  doubleSided: true,
  pbrMetallicRoughness: pbr([0.56, 0.17, 0.07], 0, 0.78),
});
const brass = glb.material({ name: 'Brass', pbrMetallicRoughness: pbr([0.9, 0.62, 0.26], 1, 0.22) });
const glass = glb.material({
  name: 'Glass',
  pbrMetallicRoughness: pbr([1, 1, 1], 0, 0.02),
  extensions: {
    KHR_materials_transmission: { transmissionFactor: 1 },
    KHR_materials_ior: { ior: 1.5 },
    KHR_materials_volume: { thicknessFactor: 0.3, attenuationColor: [0.55, 0.8, 0.95], attenuationDistance: 0.6 },
  },
});
const porcelain = glb.material({
  name: 'Porcelain',
  pbrMetallicRoughness: pbr([0.86, 0.85, 0.82], 0, 0.3),
  extensions: { KHR_materials_clearcoat: { clearcoatFactor: 0.6, clearcoatRoughnessFactor: 0.1 } },
});

const plinth = glb.mesh(
  'Plinth',
  lathe(
    [
      [0.0, 0],
      [0.9, 0],
      [1.38, 0],
      [1.4, -0.02],
      [1.4, -0.1],
      [1.38, -0.14],
      [0.9, -0.14],
      [0, -0.14],
    ].toReversed() as [number, number][],
    24,
  ),
  stone,
);
const vase = glb.mesh(
  'Vase',
  lathe(
    [
      [0, 0.01],
      [0.2, 0.01],
      [0.27, 0.12],
      [0.36, 0.42],
      [0.3, 0.72],
      [0.15, 0.92],
      [0.12, 1.02],
      [0.2, 1.12],
      [0.18, 1.12],
      [0.1, 1.02],
      [0.12, 0.92],
      [0.27, 0.7],
      [0.32, 0.42],
      [0.2, 0.1],
      [0, 0.06],
    ],
    50,
  ),
  celadon,
);
const bowl = glb.mesh(
  'Bowl',
  lathe(
    [
      [0, 0.02],
      [0.14, 0.02],
      [0.16, 0.05],
      [0.3, 0.16],
      [0.37, 0.3],
      [0.35, 0.31],
      [0.27, 0.18],
      [0.12, 0.09],
      [0, 0.08],
    ],
    50,
  ),
  terracotta,
);
const knot = glb.mesh('Knot', new TorusKnotGeometry(0.2, 0.062, 140, 16, 2, 3), brass);
const column = glb.mesh('Column', new CylinderGeometry(0.2, 0.22, 0.3, SEGMENTS), porcelain);
const ball = glb.mesh('Glass ball', new SphereGeometry(0.17, 48, 32), glass);
const pearl = glb.mesh('Pearl', new SphereGeometry(0.085, 40, 26), porcelain);

const times = new Float32Array([0, 1, 2, 3, 4].map((quarter) => (quarter * TURN_SEC) / 4));
const turns = new Float32Array(
  [0, 1, 2, 3, 4].flatMap((quarter) => [0, Math.sin((quarter * Math.PI) / 4), 0, Math.cos((quarter * Math.PI) / 4)]),
);

/** Quaternion of a camera or light at `eye` that looks at `target`. */
function lookAt(eye: readonly [number, number, number], target: readonly [number, number, number]): number[] {
  const [x, y, z] = [target[0] - eye[0], target[1] - eye[1], target[2] - eye[2]];
  const yaw = Math.atan2(-x, -z);
  const pitch = Math.atan2(y, Math.hypot(x, z));
  const [sy, cy, sp, cp] = [Math.sin(yaw / 2), Math.cos(yaw / 2), Math.sin(pitch / 2), Math.cos(pitch / 2)];
  return [cy * sp, sy * cp, -sy * sp, cy * cp];
}

const hero = [1.9, 1.25, 2.7] as const;
const detail = [-0.9, 0.75, 1.9] as const;
const key = [2.5, 4, 2.2] as const;
const KNOT_NODE = 4;

const bytes = glb.build(
  {
    scene: 0,
    scenes: [{ name: 'Pottery', nodes: [0, 1, 2, 3, KNOT_NODE, 5, 6, 7, 8, 9] }],
    nodes: [
      { name: 'Plinth', mesh: plinth },
      { name: 'Vase', mesh: vase, translation: [-0.42, 0, -0.3] },
      { name: 'Bowl', mesh: bowl, translation: [0.12, 0, 0.62] },
      { name: 'Column', mesh: column, translation: [0.58, 0.15, -0.16] },
      { name: 'Knot', mesh: knot, translation: [0.58, 0.62, -0.16] },
      { name: 'Glass ball', mesh: ball, translation: [-0.46, 0.17, 0.5] },
      { name: 'Pearl', mesh: pearl, translation: [0.14, 0.165, 0.62] },
      { name: 'Hero', camera: 0, translation: hero, rotation: lookAt(hero, [0.02, 0.36, 0]) },
      { name: 'Detail', camera: 1, translation: detail, rotation: lookAt(detail, [0.12, 0.32, 0.1]) },
      {
        name: 'Key light',
        translation: key,
        rotation: lookAt(key, [0, 0, 0]),
        extensions: { KHR_lights_punctual: { light: 0 } },
      },
    ],
    cameras: [
      { name: 'Hero', type: 'perspective', perspective: { yfov: 0.56, znear: 0.05, zfar: 50 } },
      { name: 'Detail', type: 'perspective', perspective: { yfov: 0.62, znear: 0.05, zfar: 50 } },
    ],
    animations: [
      {
        name: 'Turn',
        samplers: [
          { input: glb.accessor(times, 'SCALAR'), output: glb.accessor(turns, 'VEC4'), interpolation: 'LINEAR' },
        ],
        channels: [{ sampler: 0, target: { node: KNOT_NODE, path: 'rotation' } }],
      },
    ],
    extensions: {
      KHR_lights_punctual: { lights: [{ name: 'Key', type: 'directional', color: [1, 0.95, 0.88], intensity: 2.6 }] },
    },
  },
  ['KHR_lights_punctual'],
);

const target = new URL('../../server/assets/sample-scene.glb', import.meta.url);
writeFileSync(target, bytes);
process.stdout.write(`${target.pathname}: ${bytes.length} bytes\n`);
