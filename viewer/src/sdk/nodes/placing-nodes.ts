/** Where a point of a picture is in the view of now: `PLACED` of the warp's GLSL. */
import { Matrix3, Vector2, Vector3, WebGPUCoordinateSystem } from 'three';
import { uniform, vec2, vec3, vec4 } from 'three/tsl';
import type { Node, WebGPURenderer } from 'three/webgpu';
import { LAYER_COUNT, type Placing } from '../../live/warp/picture-warp.ts';

export class PlacingNodes {
  readonly #turn = uniform(new Matrix3());
  readonly #shift = uniform(new Vector3());
  readonly #tangentsFrom = uniform(new Vector2());
  readonly #tangentsTo = uniform(new Vector2());
  readonly #near = uniform(1);
  readonly #layer = uniform(0);
  readonly #depthScale: Vector2;

  constructor(renderer: WebGPURenderer) {
    this.#depthScale = depthScaleOf(renderer);
  }

  set({ turn, shift, tangentsFrom, tangentsTo, near, layer }: Placing): void {
    this.#turn.value.copy(turn);
    this.#shift.value.copy(shift);
    this.#tangentsFrom.value.copy(tangentsFrom);
    this.#tangentsTo.value.copy(tangentsTo);
    this.#near.value = near;
    this.#layer.value = layer;
  }

  /** @param at from the upper left corner, 0 to 1. */
  placed(at: Node<'vec2'>, reciprocal: Node<'float'>): Node<'vec4'> {
    const ahead = vec2(at.x.mul(2).sub(1), at.y.mul(-2).add(1)).mul(this.#tangentsFrom);
    const seen = this.#turn.mul(vec3(ahead, -1)).add(this.#shift.mul(reciprocal)).toVar();
    const w = seen.z.negate();
    const depth = this.#layer.add(1).mul(w).sub(this.#near.mul(reciprocal)).div(LAYER_COUNT);
    const { x: scale, y: offset } = this.#depthScale;
    return vec4(seen.xy.div(this.#tangentsTo), depth.mul(scale).add(w.mul(offset)), w);
  }
}

/** Of the depth, 0 to 1, what the depth buffer takes. */
function depthScaleOf(renderer: WebGPURenderer): Vector2 {
  if (renderer.reversedDepthBuffer) return new Vector2(-1, 1);
  return renderer.coordinateSystem === WebGPUCoordinateSystem ? new Vector2(1, 0) : new Vector2(2, -1);
}
