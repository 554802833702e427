/** What of a picture a newer one sees through, as the warp's GLSL has it. What that one shows as well is drawn here, too: behind it. */
import { DataTexture, Matrix3, RedFormat, Vector2, Vector3 } from 'three';
import { abs, float, ivec2, max, texture, textureLoad, uniform, vec2, vec3 } from 'three/tsl';
import type { Node } from 'three/webgpu';
import { reciprocalsOf } from '../../live/warp/picture-quads.ts';
import type { SeenFrom } from '../../live/warp/picture-warp.ts';
import { SAME_SURFACE } from '../../live/warp/warp-shaders.ts';
import { within } from './picture-nodes.ts';

export class NewerNodes {
  readonly #is = uniform(0);
  readonly #depth = texture(new DataTexture(new Uint8Array(1), 1, 1, RedFormat));
  readonly #size = uniform(new Vector2(1, 1));
  readonly #reciprocals = uniform(new Vector2());
  readonly #turn = uniform(new Matrix3());
  readonly #shift = uniform(new Vector3());
  readonly #tangents = uniform(new Vector2(1, 1));

  set(newer: SeenFrom | null): void {
    this.#is.value = newer ? 1 : 0;
    if (!newer) return;
    const { turn, shift, tangents, corners } = newer;
    if (corners.texture.depth) this.#depth.value = corners.texture.depth;
    this.#size.value.set(corners.target.width, corners.target.height);
    this.#reciprocals.value.copy(reciprocalsOf(corners.range));
    this.#turn.value.copy(turn);
    this.#shift.value.copy(shift);
    this.#tangents.value.copy(tangents);
  }

  /** @param ahead direction in the picture, at distance 1. */
  isGone(ahead: Node<'vec2'>, reciprocal: Node<'float'>): Node<'bool'> {
    const seen = this.#turn.mul(vec3(ahead, -1)).add(this.#shift.mul(reciprocal)).toVar();
    const far = seen.z.negate().toVar();
    const place = seen.xy.div(this.#tangents.mul(max(far, 1e-6))).toVar();
    const isInside = far.greaterThan(0).and(max(abs(place.x), abs(place.y)).lessThanEqual(1));
    const size = ivec2(this.#size).toVar();
    const at = vec2(place.x.add(1), float(1).sub(place.y)).div(2).mul(vec2(size));
    const code = textureLoad(this.#depth, within(ivec2(at), size.sub(1)))
      .r.mul(255)
      .toVar();
    const { x: farthest, y: step } = this.#reciprocals;
    const found = code.lessThan(0.5).select(float(0), farthest.add(code.sub(1).mul(step)));
    const isThrough = found.mul(far).lessThan(reciprocal.mul(1 - SAME_SURFACE).sub(step));
    return this.#is.greaterThan(0.5).and(isInside).and(isThrough);
  }
}
