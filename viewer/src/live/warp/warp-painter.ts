/**
 * Shows the newest picture as it would be seen from where the camera is now. In order, each behind the one before: the
 * newest picture, cut where depth jumps; the one before it, which may have seen what that one does not; and the far side of
 * their surroundings. Figures of ways that were tried, 1 − SSIM of a turn by 3° ÷ that of the picture as it was: separate
 * quads 0.13, a joined grid 0.24, a search for each pixel 0.14 to 0.18.
 */
import type { DepthRange, Pose } from '@kiln/shared';
import { NearestFilter, OrthographicCamera, type RawShaderMaterial, WebGLRenderTarget } from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { OVER_CHECKER, type PicturePainter } from '../picture-painter.ts';
import { type PictureTexture, TEXEL } from '../picture-textures.ts';
import { FarSide } from './far-side.ts';
import { nearerPose } from './nearer-pose.ts';
import { type FoundCorners, PictureQuads } from './picture-quads.ts';
import { apartPx, reprojection, tangentsOf } from './reprojection.ts';
import { LAYERS, warpMaterial } from './warp-shaders.ts';

/** A picture that can be warped. */
export interface WarpPicture {
  readonly texture: PictureTexture;
  readonly range: DepthRange;
  /** Where it was seen from, with the field of view of all of it. */
  readonly pose: Pose;
  /** Width ÷ height. */
  readonly aspect: number;
}

/** A view from so near to the picture's is the picture itself, pixel for pixel. */
const SAME_VIEW_PX = 0.1;
/** Nearest that something may come, in distances of the nearest thing of a picture. */
const NEAR_SHARE = 0.02;

/** Pictures are shown on their way from one to the next: how much of the newer one, 0 to 1. */
const SHOW = /* glsl */ `
uniform sampler2D older;
uniform sampler2D newer;
uniform vec2 origin;
uniform float share;
out vec4 colour;
${OVER_CHECKER}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy - origin);
  colour = overChecker(mix(texelFetch(older, at, 0), texelFetch(newer, at, 0), share));
}
`;

/** A picture as it is. */
const PLAIN = /* glsl */ `
uniform vec2 size;
out vec4 colour;
${TEXEL}
void main() { colour = texelAt(vec2(gl_FragCoord.x, size.y - gl_FragCoord.y) / size); }
`;

interface Found extends WarpPicture {
  readonly corners: FoundCorners;
}

export class WarpPainter {
  readonly #painter: PicturePainter;
  readonly #quads: PictureQuads;
  readonly #far: FarSide;
  readonly #camera = new OrthographicCamera();
  readonly #plain = {
    rgb: warpMaterial({ fragmentShader: PLAIN }),
    yuv: warpMaterial({ fragmentShader: PLAIN, defines: { YUV: '' } }),
  };
  readonly #show = warpMaterial({ fragmentShader: SHOW });
  readonly #cover = new FullScreenQuad();
  readonly #older = newTarget();
  readonly #newer = newTarget();
  #newest: Found | null = null;
  #previous: Found | null = null;

  constructor(painter: PicturePainter) {
    this.#painter = painter;
    this.#quads = new PictureQuads(painter.renderer);
    this.#far = new FarSide(painter.renderer);
  }

  /** The picture that the painter has now; null when it cannot be warped. */
  take(picture: WarpPicture | null): void {
    const { depth } = picture?.texture ?? {};
    if (!picture || !depth) {
      this.#newest = this.#previous = null;
      return;
    }
    const corners = this.#quads.find({ ...picture.texture, depth }, picture.range);
    this.#far.find(corners);
    this.#previous = this.#newest?.aspect === picture.aspect ? this.#newest : null;
    this.#newest = { ...picture, corners };
  }

  get canWarp(): boolean {
    return this.#newest !== null;
  }

  /** Whether there is a picture that the newest may come in for. */
  get canBlend(): boolean {
    return this.#previous !== null;
  }

  /** Whether the picture is what is seen from there. */
  isSeenFrom(pose: Pose): boolean {
    const newest = this.#newest;
    if (!newest) return true;
    const heightPx = this.#painter.box.height * this.#painter.renderer.getPixelRatio();
    return apartPx(newest.pose, pose, newest.range.nearestM, heightPx) < SAME_VIEW_PX;
  }

  /**
   * @param wanted where the camera is; from a picture that is too old for that, what is on the way there is shown.
   * @param share of the newest picture in what is shown, 0 to 1; the rest is of the one before.
   */
  paint(wanted: Pose, share: number): void {
    const [newest, previous] = [this.#newest, this.#previous];
    if (!newest) return;
    const pose = nearerPose(newest.pose, wanted);
    const { renderer } = this.#painter;
    const { box } = this.#painter;
    const ratio = renderer.getPixelRatio();
    const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
    if (this.isSeenFrom(pose)) this.#paintPlain(newest, width, height);
    else this.#paintFrom(pose, this.#newer, newest, previous, width, height);
    const isBlended = share < 1 && previous !== null;
    if (isBlended) this.#paintFrom(pose, this.#older, previous, newest, width, height);
    Object.assign(this.#show.uniforms, {
      older: { value: (isBlended ? this.#older : this.#newer).texture },
      newer: { value: this.#newer.texture },
      origin: { value: [Math.round(box.x * ratio), Math.round(box.y * ratio)] },
      share: { value: share },
    });
    this.#painter.begin();
    this.#run(this.#show);
  }

  #paintFrom(
    pose: Pose,
    target: WebGLRenderTarget,
    first: Found,
    second: Found | null,
    width: number,
    height: number,
  ): void {
    const { renderer } = this.#painter;
    this.#begin(target, width, height);
    renderer.clear();
    this.#quads.draw(first.corners, placing(first, pose, LAYERS.newest), this.#camera);
    if (second) this.#quads.draw(second.corners, placing(second, pose, LAYERS.previous), this.#camera);
    if (this.#newest) this.#far.draw(placing(this.#newest, pose, LAYERS.far), this.#camera);
  }

  #paintPlain({ texture }: Found, width: number, height: number): void {
    const material = texture.isYuv ? this.#plain.yuv : this.#plain.rgb;
    Object.assign(material.uniforms, texture.uniforms, { size: { value: [width, height] } });
    this.#begin(this.#newer, width, height);
    this.#run(material);
  }

  #begin(target: WebGLRenderTarget, width: number, height: number): void {
    if (target.width !== width || target.height !== height) target.setSize(width, height);
    this.#painter.renderer.setRenderTarget(target);
  }

  #run(material: RawShaderMaterial): void {
    this.#cover.material = material;
    this.#cover.render(this.#painter.renderer);
  }

  dispose(): void {
    this.#quads.dispose();
    this.#far.dispose();
    this.#older.dispose();
    this.#newer.dispose();
    for (const material of [...Object.values(this.#plain), this.#show]) material.dispose();
    this.#cover.dispose();
  }
}

/** Uniforms of `PLACED`. */
function placing(picture: WarpPicture, pose: Pose, layer: number): RawShaderMaterial['uniforms'] {
  const { turn, shift } = reprojection(picture.pose, pose);
  return {
    turn: { value: turn },
    shift: { value: shift },
    tangentsFrom: { value: tangentsOf(picture.pose, picture.aspect) },
    tangentsTo: { value: tangentsOf(pose, picture.aspect) },
    near: { value: picture.range.nearestM * NEAR_SHARE },
    layer: { value: layer },
  };
}

const newTarget = (): WebGLRenderTarget =>
  new WebGLRenderTarget(1, 1, { minFilter: NearestFilter, magFilter: NearestFilter });
