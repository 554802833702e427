/** Shows the warped picture on the canvas of the live view. */
import type { Pose } from '@kiln/shared';
import type { RawShaderMaterial } from 'three';
import { type PicturePainter, SHOWN } from '../picture-painter.ts';
import type { PictureTexture } from '../picture-textures.ts';
import { GlPasses } from './gl-passes.ts';
import { nearerPose } from './nearer-pose.ts';
import { PictureWarp, PREPARING_STEPS, type WarpPicture, type WarpView } from './picture-warp.ts';
import { warpMaterial } from './warp-shaders.ts';

/** Pictures are shown on their way from one to the next: how much of the newer one, 0 to 1. */
const SHOW = /* glsl */ `
uniform sampler2D older;
uniform sampler2D newer;
uniform vec2 origin;
uniform float share;
out vec4 colour;
${SHOWN}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy - origin);
  colour = mix(shown(texelFetch(older, at, 0)), shown(texelFetch(newer, at, 0)), share);
}
`;

export class WarpPainter {
  readonly #painter: PicturePainter;
  readonly #passes: GlPasses;
  readonly #warp: PictureWarp;
  /** Steps that are done. */
  readonly #prepared = { rgb: 0, yuv: 0 };
  readonly #show: RawShaderMaterial;

  constructor(painter: PicturePainter) {
    this.#painter = painter;
    this.#passes = new GlPasses(painter.renderer, false);
    this.#warp = new PictureWarp(this.#passes);
    this.#show = warpMaterial({ fragmentShader: SHOW, defines: painter.defines });
  }

  /** The picture that the painter has now; null when it cannot be warped. */
  take(picture: WarpPicture | null): void {
    this.#warp.take(picture);
  }

  /** The GPU has nothing any more. */
  programsLost(): void {
    this.#prepared.rgb = this.#prepared.yuv = 0;
  }

  get canWarp(): boolean {
    return this.#warp.newest !== null;
  }

  /** Whether there is a picture that the newest may come in for. */
  get canBlend(): boolean {
    return this.#warp.canBlend;
  }

  /** Whether the picture is what is seen from there. */
  isSeenFrom(pose: Pose): boolean {
    const { newest } = this.#warp;
    if (!newest) return true;
    const heightPx = this.#painter.box.height * this.#painter.renderer.getPixelRatio();
    return this.#warp.isSeenFrom({ pose, aspect: newest.aspect, heightPx });
  }

  /** What of the GPU's preparations for warping is to be done next: of pixels, and of planes. */
  get #unprepared(): PictureTexture | null {
    const { newest } = this.#warp;
    if (!newest) return null;
    if (!newest.texture.isYuv && this.#prepared.rgb < PREPARING_STEPS) return newest.texture;
    return this.#prepared.yuv < PREPARING_STEPS ? this.#painter.planes() : null;
  }

  /** Has the GPU make ready a part of what it takes to warp pictures. @returns whether what is shown is to be painted anew. */
  prepare(): boolean {
    const { newest } = this.#warp;
    const texture = this.#unprepared;
    if (!newest || !texture) return false;
    const kind = texture.isYuv ? 'yuv' : 'rgb';
    this.#warp.prepare(this.#prepared[kind], this.#viewFrom(newest, newest.pose), texture);
    this.#prepared[kind] += 1;
    this.#cover(1, false);
    return true;
  }

  /**
   * @param wanted where the camera is; from a picture that is too old for that, what is on the way there is shown.
   * @param share of the newest picture in what is shown, 0 to 1; the rest is of the one before.
   */
  paint(wanted: Pose, share: number): void {
    const { newest } = this.#warp;
    if (!newest) return;
    const isBlended = this.#warp.draw(this.#viewFrom(newest, nearerPose(newest.pose, wanted)), share < 1);
    this.#cover(share, isBlended);
  }

  #viewFrom({ aspect }: WarpPicture, pose: Pose): WarpView {
    const { box, renderer } = this.#painter;
    const ratio = renderer.getPixelRatio();
    return { pose, aspect, widthPx: Math.round(box.width * ratio), heightPx: Math.round(box.height * ratio) };
  }

  /** Covers the canvas with what was drawn. */
  #cover(share: number, isBlended: boolean): void {
    const { box, renderer } = this.#painter;
    const ratio = renderer.getPixelRatio();
    const { older, newer } = this.#passes.targets;
    Object.assign(this.#show.uniforms, {
      older: { value: (isBlended ? older : newer).texture },
      newer: { value: newer.texture },
      origin: { value: [Math.round(box.x * ratio), Math.round(box.y * ratio)] },
      share: { value: share },
    });
    this.#painter.begin();
    this.#passes.cover(this.#show);
  }

  dispose(): void {
    this.#warp.dispose();
    this.#show.dispose();
  }
}
