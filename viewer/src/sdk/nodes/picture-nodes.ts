/** What the shaders of the warp share, as nodes: for WGSL and GLSL alike. Codes of depth are whole numbers as floats. */
import { DataTexture, RedFormat, Texture, Vector2 } from 'three';
import {
  abs,
  clamp,
  float,
  ivec2,
  max,
  min,
  round,
  select,
  texture,
  textureLoad,
  uniform,
  vec2,
  vec3,
  vec4,
} from 'three/tsl';
import type { Node, TextureNode } from 'three/webgpu';
import type { PictureTexture } from '../../live/picture-textures.ts';
import { GOES_ON } from '../../live/warp/picture-quads.ts';
import { SAME_CODES, SAME_SURFACE } from '../../live/warp/warp-shaders.ts';

type Float = Node<'float'>;
type Whole = Node<'ivec2'>;

/** The nearest of the places from 0 to `last`, in both directions. */
export const within = (at: Whole, last: Whole): Whole => ivec2(clamp(vec2(at), vec2(0), vec2(last)));

/** Depth of a picture: `uniform highp sampler2D depth` and `reciprocals` of the warp's GLSL. */
export class DepthNodes {
  readonly codes: TextureNode = texture(new DataTexture(new Uint8Array(1), 1, 1, RedFormat));
  readonly #last = uniform(new Vector2());
  readonly #reciprocals = uniform(new Vector2());

  /** @param reciprocals of the farthest surface, and of each step from there. */
  set(codes: Texture, size: { readonly width: number; readonly height: number }, reciprocals: Vector2): void {
    this.codes.value = codes;
    this.#last.value.set(size.width - 1, size.height - 1);
    this.#reciprocals.value.copy(reciprocals);
  }

  get last(): Whole {
    return ivec2(this.#last);
  }

  codeAt(at: Whole): Float {
    return round(textureLoad(this.codes, within(at, this.last)).r.mul(255));
  }

  reciprocalOf(code: Float): Float {
    const { x, y } = this.#reciprocals;
    return select(code.lessThan(0.5), float(0), x.add(code.sub(1).mul(y)));
  }

  /** 1 or 0. */
  areJoined(a: Float, b: Float, share = SAME_SURFACE): Float {
    const [one, other] = [this.reciprocalOf(a), this.reciprocalOf(b)];
    const apart = max(max(one, other).mul(share), this.#reciprocals.y.mul(SAME_CODES));
    const areNear = a
      .greaterThan(0.5)
      .and(b.greaterThan(0.5))
      .and(abs(one.sub(other)).lessThanEqual(apart));
    return select(abs(a.sub(b)).lessThan(1e-3).or(areNear), float(1), float(0));
  }

  /** 1 or 0: of two places beside one another. */
  areOne(a: Whole, b: Whole): Float {
    return max(this.areJoined(this.codeAt(a), this.codeAt(b)), max(this.#goesOnTo(a, b), this.#goesOnTo(b, a)));
  }

  #goesOnTo(at: Whole, next: Whole): Float {
    const own = this.codeAt(at).toVar();
    const before = this.codeAt(at.mul(2).sub(next)).toVar();
    const other = this.codeAt(next).toVar();
    const expected = this.reciprocalOf(own).mul(2).sub(this.reciprocalOf(before)).toVar();
    const found = this.reciprocalOf(other).toVar();
    const apart = max(max(expected, found).mul(GOES_ON), this.#reciprocals.y.mul(SAME_CODES));
    const stands = min(own, min(before, other)).greaterThan(0.5);
    return select(stands.and(abs(expected.sub(found)).lessThanEqual(apart)), float(1), float(0));
  }
}

/** Colour of a picture: `TEXEL` of the GLSL. */
export class ColourNodes {
  readonly #planes: readonly TextureNode[];
  readonly #chromaScale = uniform(new Vector2(1, 1));

  constructor(isYuv: boolean) {
    const empty = () => texture(isYuv ? new DataTexture(new Uint8Array(1), 1, 1, RedFormat) : new Texture());
    this.#planes = Array.from({ length: isYuv ? 3 : 1 }, empty);
  }

  set({ uniforms }: PictureTexture): void {
    const values = [uniforms.picture.value, uniforms.pictureU.value, uniforms.pictureV.value];
    for (const [i, plane] of this.#planes.entries()) {
      const value = values[i];
      if (value) plane.value = value;
    }
    this.#chromaScale.value.copy(uniforms.chromaScale.value);
  }

  /** @param at from the upper left corner, 0 to 1. */
  texelAt(at: Node<'vec2'>): Node<'vec4'> {
    const [first, second, third] = this.#planes;
    if (!first) throw new Error('a picture has a plane');
    if (!second || !third) return first.sample(at);
    const chromaAt = at.mul(this.#chromaScale);
    const y = first.sample(at).r;
    const u = second.sample(chromaAt).r.sub(128 / 255);
    const v = third.sample(chromaAt).r.sub(128 / 255);
    const green = y.sub(u.mul(0.344136)).sub(v.mul(0.714136));
    return vec4(clamp(vec3(y.add(v.mul(1.402)), green, y.add(u.mul(1.772))), 0, 1), 1);
  }
}
