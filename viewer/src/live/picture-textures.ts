/** Pictures on the GPU, as they were sent: their colour, and how far away things are. */
import {
  DataTexture,
  LinearFilter,
  type MagnificationTextureFilter,
  NearestFilter,
  NoColorSpace,
  RedFormat,
  Texture,
  Vector2,
  type WebGLRenderer,
} from 'three';
import type { DecodedColour } from './picture-decoder.ts';
import type { Plane, YuvPicture } from './yuv-picture.ts';

/** Sizes of pictures whose textures are kept: those drawn while moving and that drawn at rest take turns. */
const KEPT_SIZES = 3;

/** What `TEXEL` reads. */
interface PictureUniforms {
  readonly picture: { readonly value: Texture | null };
  readonly pictureU: { readonly value: Texture | null };
  readonly pictureV: { readonly value: Texture | null };
  readonly chromaScale: { readonly value: Vector2 };
}

export interface PictureTexture {
  /** Whether the shader is to be compiled with `YUV`. */
  readonly isYuv: boolean;
  readonly width: number;
  readonly height: number;
  readonly uniforms: PictureUniforms;
  /** A byte for each depth pixel, the upper row first. */
  readonly depth: DataTexture | null;
}

/** GLSL: the colour of a picture at a place from its upper left corner, 0 to 1. */
export const TEXEL = /* glsl */ `
uniform sampler2D picture;
#ifdef YUV
uniform sampler2D pictureU;
uniform sampler2D pictureV;
uniform vec2 chromaScale;
vec4 texelAt(vec2 at) {
  float y = texture2D(picture, at).r;
  float u = texture2D(pictureU, at * chromaScale).r - 128.0 / 255.0;
  float v = texture2D(pictureV, at * chromaScale).r - 128.0 / 255.0;
  // JFIF 1.02: ITU-R BT.601 over the full range.
  return vec4(clamp(vec3(y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u), 0.0, 1.0), 1.0);
}
#else
vec4 texelAt(vec2 at) { return texture2D(picture, at); }
#endif
`;

/** A texture's storage is made once, for one size. */
interface Kept {
  readonly textures: readonly Texture[];
  readonly depth: DataTexture | null;
}

/** The part of any renderer of three that is needed. */
export type TextureRenderer = Pick<WebGLRenderer, 'initTexture' | 'copyTextureToTexture'>;

export class PictureTextures {
  readonly #renderer: TextureRenderer;
  /** By kind and size, those used last at the end; of each the one that was filled last at the end. */
  readonly #kept = new Map<string, Kept[]>();

  constructor(renderer: TextureRenderer) {
    this.#renderer = renderer;
  }

  /** Gives pixels to the GPU. What was uploaded before is still there, what was before that may not be. */
  upload(pixels: DecodedColour['pixels'], depth: Plane | null): PictureTexture {
    const { width, height } = pixels;
    const isYuv = 'planes' in pixels;
    const of = depth ? ` ${depth.width}×${depth.height}` : '';
    const chroma = isYuv ? pixels.planes[1].width : 0;
    const kept = this.#take(`${width}×${height} ${chroma}${of}`, () => ({
      textures: isYuv ? pixels.planes.map(() => newPlane(LinearFilter)) : [asSent(new Texture(), LinearFilter)],
      depth: depth && newPlane(NearestFilter),
    }));
    const images: readonly unknown[] = isYuv ? pixels.planes : [pixels];
    for (const [i, texture] of kept.textures.entries()) this.#fill(texture, images[i]);
    if (kept.depth) this.#fill(kept.depth, depth);
    const [picture = null, pictureU = null, pictureV = null] = kept.textures;
    const chromaScale = isYuv ? chromaScaleOf(pixels) : new Vector2(1, 1);
    return {
      isYuv,
      width,
      height,
      uniforms: {
        picture: { value: picture },
        pictureU: { value: pictureU },
        pictureV: { value: pictureV },
        chromaScale: { value: chromaScale },
      },
      depth: kept.depth,
    };
  }

  /**
   * One of planes, whatever it shows: what is drawn of moving pictures can be tried with it before one has come. Software
   * has programs of their own for edges that are powers of two.
   */
  planes(): PictureTexture {
    const plane = (edge: number) => ({ data: new Uint8Array(edge * edge), width: edge, height: edge });
    return this.upload({ width: 6, height: 6, planes: [plane(6), plane(3), plane(3)] }, null);
  }

  /**
   * [LV30] Puts a better part over a picture, in place.
   *
   * @param at of its upper left pixel.
   * @throws Error where one of them is planes.
   */
  patch({ isYuv, uniforms }: PictureTexture, pixels: DecodedColour['pixels'], at: { x: number; y: number }): void {
    const whole = uniforms.picture.value;
    if (isYuv || 'planes' in pixels || !whole) throw new Error('a tile belongs to a picture of pixels');
    const tile = asSent(new Texture(pixels), LinearFilter);
    // `WebGPURenderer` copies from storage of its own, which only then it fills; `WebGLRenderer` from where the pixels lie.
    tile.needsUpdate = true;
    this.#renderer.copyTextureToTexture(tile, whole, null, new Vector2(at.x, at.y));
    tile.dispose();
  }

  #fill(texture: Texture, image: unknown): void {
    texture.image = image;
    texture.needsUpdate = true;
    this.#renderer.initTexture(texture);
  }

  /** Of two of a size that which was not filled last. */
  #take(key: string, create: () => Kept): Kept {
    const pair = this.#kept.get(key) ?? [];
    const taken = pair.length < 2 ? create() : (pair.shift() ?? create());
    pair.push(taken);
    this.#kept.delete(key);
    this.#kept.set(key, pair);
    const [oldest] = this.#kept;
    if (oldest && this.#kept.size > KEPT_SIZES) {
      this.#kept.delete(oldest[0]);
      disposeAll(oldest[1]);
    }
    return taken;
  }

  dispose(): void {
    for (const pair of this.#kept.values()) disposeAll(pair);
    this.#kept.clear();
  }
}

/** An odd edge has half a colour sample more than it needs. */
function chromaScaleOf({ width, height, planes: [, chroma] }: YuvPicture): Vector2 {
  const perChroma = chroma.width === width ? 1 : 2;
  return new Vector2(width / (perChroma * chroma.width), height / (perChroma * chroma.height));
}

function disposeAll(pair: readonly Kept[]): void {
  for (const { textures, depth } of pair) {
    for (const texture of textures) texture.dispose();
    depth?.dispose();
  }
}

const newPlane = (filter: MagnificationTextureFilter): DataTexture =>
  asSent(new DataTexture(null, 1, 1, RedFormat), filter);

/** No colour conversion, no flip, no mipmaps. */
function asSent<T extends Texture>(texture: T, filter: MagnificationTextureFilter): T {
  texture.colorSpace = NoColorSpace;
  texture.minFilter = filter;
  texture.magFilter = filter;
  texture.generateMipmaps = false;
  texture.flipY = false;
  return texture;
}
