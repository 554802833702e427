/** The warp's passes with nodes, for `WebGPURenderer` and either of its back ends. */
import type { DepthRange } from '@kiln/shared';
import { DepthTexture, FloatType, NearestFilter, RenderTarget, Vector2 } from 'three';
import { screenCoordinate, uniform } from 'three/tsl';
import { NodeMaterial, QuadMesh, type WebGPURenderer } from 'three/webgpu';
import type { PictureTexture } from '../../live/picture-textures.ts';
import type { FoundCorners, Placing, TextureWithDepth, WarpPasses, WarpTarget } from '../../live/warp/picture-warp.ts';
import { NodeFarSide } from './node-far-side.ts';
import { coverMaterial, NodeQuads } from './node-quads.ts';
import { ColourNodes } from './picture-nodes.ts';

export class NodePasses implements WarpPasses {
  readonly keepsDepth = true;
  readonly targets: Readonly<Record<WarpTarget, RenderTarget>> = { older: newTarget(), newer: newTarget() };
  readonly #renderer: WebGPURenderer;
  readonly #quads: NodeQuads;
  readonly #far: NodeFarSide;
  readonly #size = uniform(new Vector2(1, 1));
  readonly #plain: Readonly<Record<'rgb' | 'yuv', Plain>>;
  readonly #cover = new QuadMesh(new NodeMaterial());

  constructor(renderer: WebGPURenderer) {
    this.#renderer = renderer;
    this.#quads = new NodeQuads(renderer);
    this.#far = new NodeFarSide(renderer);
    this.#plain = { rgb: this.#newPlain(false), yuv: this.#newPlain(true) };
  }

  find(texture: TextureWithDepth, range: DepthRange): FoundCorners {
    const found = this.#quads.find(texture, range);
    this.findFar(found);
    return found;
  }

  findFar(found: FoundCorners): void {
    this.#far.find(found);
  }

  begin(name: WarpTarget, widthPx: number, heightPx: number): void {
    const target = this.targets[name];
    if (target.width !== widthPx || target.height !== heightPx) target.setSize(widthPx, heightPx);
    this.#size.value.set(widthPx, heightPx);
    this.#renderer.setRenderTarget(target);
    this.#renderer.clear();
  }

  drawQuads(found: FoundCorners, placing: Placing): void {
    this.#quads.draw(found, placing);
  }

  uncoverFar(placing: Placing): void {
    this.#far.uncover(placing);
  }

  drawFar(placing: Placing): void {
    this.#far.draw(placing);
  }

  drawPlain(texture: PictureTexture): void {
    const { colours, material } = texture.isYuv ? this.#plain.yuv : this.#plain.rgb;
    colours.set(texture);
    this.#cover.material = material;
    this.#cover.render(this.#renderer);
  }

  #newPlain(isYuv: boolean): Plain {
    const colours = new ColourNodes(isYuv);
    return { colours, material: coverMaterial(colours.texelAt(screenCoordinate.div(this.#size))) };
  }

  dispose(): void {
    this.#quads.dispose();
    this.#far.dispose();
    for (const target of Object.values(this.targets)) target.dispose();
    for (const { material } of Object.values(this.#plain)) material.dispose();
  }
}

/** A picture as it is. */
interface Plain {
  readonly colours: ColourNodes;
  readonly material: NodeMaterial;
}

function newTarget(): RenderTarget {
  const target = new RenderTarget(1, 1, { minFilter: NearestFilter, magFilter: NearestFilter });
  target.depthTexture = new DepthTexture(1, 1, FloatType);
  return target;
}
