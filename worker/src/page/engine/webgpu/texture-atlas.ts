import { HalfFloatType, NoBlending, Texture, Vector2, Vector4 } from 'three';
import { int, screenCoordinate, texture, uniform } from 'three/tsl';
import { NodeMaterial, QuadMesh, type WebGPURenderer } from 'three/webgpu';
import { AtlasTexture, type Placement } from 'three-gpu-pathtracer/src/webgpu/AtlasTexture.js';
import { textureEdgePx } from '../pathtrace/traced-scene.ts';

/** As the library packs it; its size is what it has on the GPU, for its pixels are let go of. */
interface Packed extends Pick<Texture, 'source'> {
  readonly width: number;
  readonly height: number;
  readonly texture: Texture;
}

/** Entries of the kernel's table at least: with more textures than it has entries the kernel is compiled again. */
const SMALLEST_TABLE = 256;

/** All textures of a scene in the pages of one, half floats in linear light. */
export class TextureAtlas extends AtlasTexture {
  readonly #sample = texture(new Texture());
  readonly #corner = uniform(new Vector2());
  readonly #size = uniform(new Vector2());
  readonly #material = new NodeMaterial();
  readonly #quad = new QuadMesh(this.#material);

  constructor() {
    super({ type: HalfFloatType });
    const material = this.#material;
    material.fragmentNode = this.#sample.sample(screenCoordinate.sub(this.#corner).div(this.#size)).level(int(0));
    material.blending = NoBlending;
    material.depthTest = material.depthWrite = false;
    this._buildTextureInfo([]);
  }

  /** @param textures of the renderer already. */
  pack(renderer: WebGPURenderer, textures: readonly Texture[]): void {
    const sizes = textures.map((each) => sizeOf(renderer, each));
    const edgePx = textureEdgePx(Math.max(1, ...sizes.flat()), textures.length);
    const packed = textures.map((each, at): Packed => {
      const [width, height] = sizes[at] ?? [1, 1];
      // One image may be read as colour and as numbers.
      const source = { ...each.source, uuid: `${each.source.uuid}:${each.colorSpace}`, version: each.source.version };
      return {
        source: source as Texture['source'],
        width: Math.min(width, edgePx),
        height: Math.min(height, edgePx),
        texture: each,
      };
    });
    this.setTextures(renderer, packed);
  }

  override _buildTextureInfo(placements: readonly Placement[]): void {
    super._buildTextureInfo(placements);
    const entries = 2 ** Math.ceil(Math.log2(Math.max(SMALLEST_TABLE, placements.length)));
    while (this.textureInfo.length < entries) this.textureInfo.push(new Vector4());
  }

  override _renderTextures(
    renderer: WebGPURenderer,
    textures: readonly Packed[],
    placements: readonly Placement[],
  ): void {
    const { renderTarget } = this;
    const { width, height } = renderTarget;
    renderer.autoClear = false;
    renderTarget.scissorTest = true;
    for (const [at, { texture: each }] of textures.entries()) {
      const { x = 0, y = 0, w = 1, h = 1, page = 0 } = placements[at] ?? {};
      this.#sample.value = each;
      this.#corner.value.set(x, y);
      this.#size.value.set(w, h);
      renderTarget.viewport.set(x, y, w, h);
      renderTarget.scissor.set(x, y, w, h);
      renderer.setRenderTarget(renderTarget, page);
      this.#quad.render(renderer);
    }
    renderTarget.scissorTest = false;
    renderTarget.viewport.set(0, 0, width, height);
    renderTarget.scissor.set(0, 0, width, height);
    renderer.autoClear = true;
    renderer.setRenderTarget(null);
  }

  override dispose(): void {
    super.dispose();
    this.#material.dispose();
  }
}

/** three's own types leave it out. */
interface TextureBackend {
  get(texture: Texture): { readonly texture?: GPUTexture };
}

function sizeOf({ backend }: WebGPURenderer, each: Texture): [widthPx: number, heightPx: number] {
  const { texture: own } = (backend as unknown as TextureBackend).get(each);
  return own ? [own.width, own.height] : [each.width, each.height];
}
