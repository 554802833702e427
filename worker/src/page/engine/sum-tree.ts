import {
  AddEquation,
  CustomBlending,
  GLSL3,
  NoBlending,
  OneFactor,
  RawShaderMaterial,
  type Texture,
  Vector2,
  type WebGLRenderer,
  type WebGLRenderTarget,
} from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { COVER_VERTEX } from './cover.ts';

const material = (name: string, blends: boolean) =>
  new RawShaderMaterial({
    name,
    glslVersion: GLSL3,
    uniforms: { sampleTexture: { value: null }, corner: { value: new Vector2() } },
    vertexShader: COVER_VERTEX,
    fragmentShader: /* glsl */ `
precision highp float;
uniform highp sampler2D sampleTexture;
uniform highp ivec2 corner;
out vec4 sum;
void main() { sum = texelFetch(sampleTexture, ivec2(gl_FragCoord.xy) - corner, 0); }
`,
    ...(blends
      ? { blending: CustomBlending, blendEquation: AddEquation, blendSrc: OneFactor, blendDst: OneFactor }
      : { blending: NoBlending }),
    depthTest: false,
    depthWrite: false,
  });

const ORIGIN = new Vector2();

const ADD = new FullScreenQuad(material('add-sample', true));
const COPY = new FullScreenQuad(material('copy-sample', false));

/** Blocks of samples whose sum is one: as many as a power of two, and the first at a multiple of it. */
export interface SumPlace {
  readonly firstBlock: number;
  readonly blocks: number;
}

export interface Sum extends SumPlace {
  readonly target: WebGLRenderTarget;
}

/**
 * Adds sums of blocks of samples as a binary tree does: two neighbours, then two pairs of them. Whoever adds a part of
 * the tree apart, and then the parts, makes the same additions in the same order. At the end, what is left is added from
 * the last to the first.
 */
export class SumTree {
  readonly #renderer: WebGLRenderer;
  readonly #newTarget: () => WebGLRenderTarget;
  /** In the order of their blocks. */
  readonly #sums: Sum[] = [];
  readonly #free: WebGLRenderTarget[] = [];
  readonly #targets: WebGLRenderTarget[] = [];

  /** @param newTarget of 32-bit floats; drawn into, and cleared, as its scissor says. */
  constructor(renderer: WebGLRenderer, newTarget: () => WebGLRenderTarget) {
    this.#renderer = renderer;
    this.#newTarget = newTarget;
  }

  /** A target to add samples into; its owner pushes it. */
  take(): WebGLRenderTarget {
    const target = this.#free.pop() ?? this.#newTarget();
    if (!this.#targets.includes(target)) this.#targets.push(target);
    this.#renderer.setRenderTarget(target);
    this.#renderer.setClearColor(0, 0);
    this.#renderer.clear(true, false, false);
    return target;
  }

  /** The next sum, in order. */
  push(target: WebGLRenderTarget, place: SumPlace): void {
    this.#sums.push({ ...place, target });
    for (;;) {
      const [left, right] = this.#sums.slice(-2);
      if (!left || !right || left.blocks !== right.blocks || left.firstBlock % (2 * left.blocks) !== 0) return;
      this.#join({ ...left, blocks: 2 * left.blocks });
    }
  }

  /** The sum of all. More can be pushed afterwards only when it is read. */
  finish(): WebGLRenderTarget {
    for (let left = this.#sums.at(-2); left; left = this.#sums.at(-2)) this.#join(left);
    const sum = this.#sums.pop();
    if (!sum) throw new Error('nothing was added');
    this.#free.push(sum.target);
    return sum.target;
  }

  /** The sum of all so far, while it is one. */
  get only(): WebGLRenderTarget {
    const [sum, other] = this.#sums;
    if (!sum || other) throw new Error('what was added is no one sum yet');
    return sum.target;
  }

  add(target: WebGLRenderTarget, texture: Texture): void {
    this.#draw(ADD, target, texture);
  }

  /** @param corner pixel of the target, from its lower left one, where the texture's lies. */
  copy(target: WebGLRenderTarget, texture: Texture, corner = ORIGIN): void {
    this.#draw(COPY, target, texture, corner);
  }

  /** A target that was taken is of no more use to its owner. */
  give(target: WebGLRenderTarget): void {
    this.#free.push(target);
  }

  /** Lets go of targets that hold nothing. */
  trim(): void {
    for (const target of this.#free.splice(0)) {
      target.dispose();
      this.#targets.splice(this.#targets.indexOf(target), 1);
    }
  }

  /** Those that are no part of a larger one yet, in order. */
  get sums(): readonly Sum[] {
    return this.#sums;
  }

  dispose(): void {
    for (const target of this.#targets.splice(0)) target.dispose();
    this.#sums.length = this.#free.length = 0;
  }

  /** Adds the last sum to the one before. */
  #join(joined: Sum): void {
    const right = this.#sums.pop();
    this.#sums.pop();
    if (right) {
      this.add(joined.target, right.target.texture);
      this.#free.push(right.target);
    }
    this.#sums.push(joined);
  }

  #draw(quad: FullScreenQuad, target: WebGLRenderTarget, texture: Texture, corner = ORIGIN): void {
    const { material } = quad;
    if (material instanceof RawShaderMaterial) {
      material.uniforms.sampleTexture = { value: texture };
      material.uniforms.corner = { value: corner };
    }
    this.#renderer.setRenderTarget(target);
    quad.render(this.#renderer);
  }
}
