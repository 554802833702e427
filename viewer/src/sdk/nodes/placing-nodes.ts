/** Where a point of a picture is in the view of now: `PLACED` of the warp's GLSL. */
import { Matrix3, Vector2, Vector3, WebGPUCoordinateSystem } from 'three';
import { select, uniform, vec2, vec3, vec4 } from 'three/tsl';
import type { Node, WebGPURenderer } from 'three/webgpu';
import { LAYER_COUNT, type Placing } from '../../live/warp/picture-warp.ts';

export class PlacingNodes {
  readonly #turn = uniform(new Matrix3());
  readonly #shift = uniform(new Vector3());
  readonly #tangentsFrom = uniform(new Vector2());
  readonly #tangentsTo = uniform(new Vector2());
  readonly #near = uniform(1);
  readonly #layer = uniform(0);
  readonly #skyLayer = uniform(0);
  readonly #depthScale: Vector2;

  constructor(renderer: WebGPURenderer) {
    this.#depthScale = depthScaleOf(renderer);
  }

  set({ turn, shift, tangentsFrom, tangentsTo, near, layer, skyLayer }: Placing): void {
    this.#turn.value.copy(turn);
    this.#shift.value.copy(shift);
    this.#tangentsFrom.value.copy(tangentsFrom);
    this.#tangentsTo.value.copy(tangentsTo);
    this.#near.value = near;
    this.#layer.value = layer;
    this.#skyLayer.value = skyLayer;
  }

  /**
   * @param at from the upper left corner, 0 to 1.
   * @param behind reciprocal distance that says what is before what.
   */
  placed(at: Node<'vec2'>, reciprocal: Node<'float'>, behind = reciprocal): Node<'vec4'> {
    const seen = this.#turn
      .mul(vec3(this.ahead(at), -1))
      .add(this.#shift.mul(reciprocal))
      .toVar();
    const w = seen.z.negate();
    const layer = select(behind.greaterThan(0), this.#layer, this.#skyLayer);
    const depth = layer.add(1).mul(w).sub(this.#near.mul(behind)).div(LAYER_COUNT);
    const { x: scale, y: offset } = this.#depthScale;
    return vec4(seen.xy.div(this.#tangentsTo), depth.mul(scale).add(w.mul(offset)), w);
  }

  /** Towards what is uncovered at a point of the picture, downwards. */
  uncovered(at: Node<'vec2'>): Node<'vec2'> {
    const nearer = this.#shift.mul(this.#turn).toVar();
    return nearer.xy.add(this.ahead(at).mul(nearer.z)).mul(vec2(-1, 1));
  }

  /** Direction of a point of the picture, at distance 1. */
  ahead(at: Node<'vec2'>): Node<'vec2'> {
    return vec2(at.x.mul(2).sub(1), at.y.mul(-2).add(1)).mul(this.#tangentsFrom);
  }
}

/** Of the depth, 0 to 1, what the depth buffer takes. */
function depthScaleOf(renderer: WebGPURenderer): Vector2 {
  if (renderer.reversedDepthBuffer) return new Vector2(-1, 1);
  return renderer.coordinateSystem === WebGPUCoordinateSystem ? new Vector2(1, 0) : new Vector2(2, -1);
}
