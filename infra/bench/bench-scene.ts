/**
 * The scene of the benchmarks: five physically based torus knots, 256,000 triangles or fewer, a directional light with a
 * shadow map, image-based light, one clip that turns the middle knot. Made in code, so that a clone needs nothing else.
 */
import { TorusKnotGeometry } from 'three';
import { GlbBuilder } from '../sample/glb-builder.ts';

const KNOTS = 5;
/** Segments along a knot's tube for each around it. */
const TUBULAR_PER_RADIAL = 25;

/** @param triangles about how many; 256,000 are exactly those of the design's figures: 800 × 32 × 2 a knot. */
export function benchScene(triangles = 256_000): Uint8Array {
  const glb = new GlbBuilder();
  const radial = Math.max(3, Math.round(Math.sqrt(triangles / (KNOTS * 2 * TUBULAR_PER_RADIAL))));
  const geometry = new TorusKnotGeometry(0.5, 0.17, radial * TUBULAR_PER_RADIAL, radial);
  const nodes = Array.from({ length: KNOTS }, (_, i) => {
    const material = glb.material({
      name: `Material ${i}`,
      pbrMetallicRoughness: {
        baseColorFactor: [0.2 + 0.15 * i, 0.7 - 0.12 * i, 0.3 + 0.1 * ((i * 3) % 5), 1],
        metallicFactor: i % 2,
        roughnessFactor: 0.15 + 0.15 * i,
      },
    });
    return {
      name: `Knot ${i}`,
      mesh: glb.mesh(`Knot ${i}`, geometry, material),
      translation: [(i - 2) * 1.4, 0, i % 2 ? -0.6 : 0.3],
    };
  });
  const half = Math.SQRT1_2;
  const light = { name: 'Key', type: 'directional', intensity: 3, color: [1, 1, 1] };
  return glb.build(
    {
      scene: 0,
      scenes: [{ nodes: [...nodes.keys(), KNOTS] }],
      nodes: [
        ...nodes,
        { name: 'Key', rotation: [-half / 1.2, 0.2, 0, 0.78], extensions: { KHR_lights_punctual: { light: 0 } } },
      ],
      animations: [
        {
          name: 'Turn',
          samplers: [
            {
              input: glb.accessor(new Float32Array([0, 1, 2]), 'SCALAR'),
              output: glb.accessor(new Float32Array([0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, -1]), 'VEC4'),
              interpolation: 'LINEAR',
            },
          ],
          channels: [{ sampler: 0, target: { node: 2, path: 'rotation' } }],
        },
      ],
      extensions: { KHR_lights_punctual: { lights: [light] } },
    },
    ['KHR_lights_punctual'],
  );
}
