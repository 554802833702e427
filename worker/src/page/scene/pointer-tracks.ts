/** Animations of KHR_animation_pointer, which three's loader passes over. */
import { KilnError, pointerRule, readPointer } from '@kiln/shared';
import { BufferAttribute, InterleavedBufferAttribute, Quaternion } from 'three';
import type { GLTFParser } from 'three/addons/loaders/GLTFLoader.js';
import { type Gltf, pointerOf } from './gltf-json.ts';
import { type PointerTarget, targetsOf } from './pointer-targets.ts';
import type { SceneGraph } from './scene-graph.ts';

type Interpolation = 'LINEAR' | 'STEP' | 'CUBICSPLINE';

/** Key frames of one property, as glTF 2.0 has them (Appendix C). */
interface Keys {
  readonly times: Float32Array;
  /** One after the other; of a cubic spline in-tangent, value and out-tangent of each key. */
  readonly values: Float32Array;
  readonly interpolation: Interpolation;
  /** Of length 1, and turned along the shorter way. */
  readonly isRotation: boolean;
}

/** One property that a clip moves. */
export class PointerTrack {
  readonly isLook: boolean;
  readonly durationSec: number;
  /** When it shows a node or hides it, seconds; none of what moves anything else. */
  readonly togglesSec: readonly number[];
  readonly #targets: readonly PointerTarget[];
  readonly #keys: Keys;
  #before: number[][] = [];

  constructor(targets: readonly PointerTarget[], keys: Keys) {
    this.#targets = targets;
    this.#keys = keys;
    this.isLook = targets.some(({ material }) => material !== undefined);
    this.durationSec = keys.times.at(-1) ?? 0;
    this.togglesSec = targets.some(({ isVisibility }) => isVisibility) ? [...keys.times] : [];
  }

  /** Remembers what the property is without the clip. */
  begin(): void {
    this.#before = this.#targets.map((target) => target.read());
  }

  pose(timeSec: number): void {
    const values = valueAt(this.#keys, timeSec);
    for (const target of this.#targets) target.write(values);
  }

  end(): void {
    for (const [index, target] of this.#targets.entries()) target.write(this.#before[index] ?? target.read());
  }
}

/** The value at a time; before the first key that of the first, after the last that of the last. */
export function valueAt({ times, values, interpolation, isRotation }: Keys, timeSec: number): number[] {
  const isCubic = interpolation === 'CUBICSPLINE';
  const size = values.length / times.length / (isCubic ? 3 : 1);
  const part = (key: number, third: number) => {
    const start = (isCubic ? key * 3 + third : key) * size;
    return values.subarray(start, start + size);
  };
  const keyOf = (key: number) => [...part(key, 1)];
  const next = times.findIndex((time) => time > timeSec);
  if (next === 0) return keyOf(0);
  if (next < 0) return keyOf(times.length - 1);
  const [start = 0, end = 0] = [times[next - 1], times[next]];
  const share = (timeSec - start) / (end - start);
  const [from, to] = [part(next - 1, 1), part(next, 1)];
  switch (interpolation) {
    case 'STEP':
      return [...from];
    case 'LINEAR':
      if (isRotation) return slerp(from, to, share);
      return Array.from(from, (value, i) => value + ((to[i] ?? 0) - value) * share);
    case 'CUBICSPLINE': {
      const [out, into] = [part(next - 1, 2), part(next, 0)];
      const [s2, s3, span] = [share ** 2, share ** 3, end - start];
      return Array.from(
        from,
        (value, i) =>
          (2 * s3 - 3 * s2 + 1) * value +
          span * (s3 - 2 * s2 + share) * (out[i] ?? 0) +
          (3 * s2 - 2 * s3) * (to[i] ?? 0) +
          span * (s3 - s2) * (into[i] ?? 0),
      );
    }
  }
}

const slerp = (from: ArrayLike<number>, to: ArrayLike<number>, share: number): number[] =>
  quaternion(from).slerp(quaternion(to), share).toArray();

const quaternion = (values: ArrayLike<number>) => new Quaternion().fromArray(Array.from(values));

/**
 * Of each animation its tracks; pointers to what cannot be changed here, or is not shown, are left out.
 *
 * @throws KilnError `scene.invalid` when the numbers do not fit the property.
 */
export async function readPointerTracks(gltf: Gltf, parser: GLTFParser, graph: SceneGraph): Promise<PointerTrack[][]> {
  return Promise.all(
    (gltf.animations ?? []).map(async ({ channels, samplers }, animation) => {
      const tracks: PointerTrack[] = [];
      for (const [index, { sampler, target }] of channels.entries()) {
        const pointer = pointerOf(target);
        const known = pointer === null ? null : readPointer(pointer);
        const targets = known ? targetsOf(graph, known) : [];
        const def = samplers[sampler];
        if (!known || !def || targets.length === 0) continue;
        const [times, values] = await Promise.all([numbers(parser, def.input), numbers(parser, def.output)]);
        const { interpolation = 'LINEAR' } = def;
        const { size: ruled } = pointerRule(known);
        const size = ruled === 0 || ruled === 'boolean' ? 1 : ruled;
        const needed = times.length * size * (interpolation === 'CUBICSPLINE' ? 3 : 1);
        const fits = ruled === 0 ? values.length % needed === 0 : values.length === needed;
        if (!isInterpolation(interpolation) || !fits) {
          const field = `/animations/${animation}/channels/${index}`;
          const message = `The animation of ${pointer} has ${values.length} numbers for ${times.length} times: export it again.`;
          throw new KilnError('scene.invalid', message, { field });
        }
        tracks.push(
          new PointerTrack(targets, { times, values, interpolation, isRotation: known.path === '/nodes/*/rotation' }),
        );
      }
      return tracks;
    }),
  );
}

const isInterpolation = (name: string): name is Interpolation => ['LINEAR', 'STEP', 'CUBICSPLINE'].includes(name);

/** Of an accessor, normalised ones as the numbers that they stand for. */
async function numbers(parser: GLTFParser, accessor: number): Promise<Float32Array> {
  const attribute: unknown = await parser.getDependency('accessor', accessor);
  if (!(attribute instanceof BufferAttribute || attribute instanceof InterleavedBufferAttribute)) {
    throw new Error('the loader made no attribute');
  }
  const { count, itemSize } = attribute;
  return Float32Array.from({ length: count * itemSize }, (_, at) =>
    attribute.getComponent(Math.floor(at / itemSize), at % itemSize),
  );
}
