/** What stands behind things, as `far-side.ts` has it, found and drawn with nodes. */
import {
  BufferAttribute,
  BufferGeometry,
  LinearFilter,
  Mesh,
  NearestFilter,
  NoBlending,
  OrthographicCamera,
  RenderTarget,
  Scene,
  Vector2,
} from 'three';
import {
  Fn,
  float,
  floor,
  int,
  ivec2,
  Loop,
  min,
  outputStruct,
  screenCoordinate,
  select,
  texture,
  textureLoad,
  uniform,
  varyingProperty,
  vec2,
  vec4,
  vertexIndex,
} from 'three/tsl';
import { type Node, NodeMaterial, QuadMesh, type TextureNode, type WebGPURenderer } from 'three/webgpu';
import { BEHIND, BEYOND, CELL, MIXED, SPREADS, sheetIndex } from '../../live/warp/far-side.ts';
import { reciprocalsOf } from '../../live/warp/picture-quads.ts';
import type { FoundCorners, Placing } from '../../live/warp/picture-warp.ts';
import { coverMaterial } from './node-quads.ts';
import { ColourNodes, DepthNodes, within } from './picture-nodes.ts';
import { PlacingNodes } from './placing-nodes.ts';

type Float = Node<'float'>;
type Whole = Node<'ivec2'>;

export class NodeFarSide {
  readonly #renderer: WebGPURenderer;
  readonly #reduces: Readonly<Record<'rgb' | 'yuv', Reduce>>;
  readonly #spread = new Spread();
  readonly #sheet: Sheet;
  readonly #cover = new QuadMesh(new NodeMaterial());
  #targets = [newTarget(), newTarget()] as const;

  constructor(renderer: WebGPURenderer) {
    this.#renderer = renderer;
    this.#reduces = { rgb: new Reduce(false), yuv: new Reduce(true) };
    this.#sheet = new Sheet(renderer);
  }

  /** Finds it in a picture; `draw` draws that of the last one. */
  find(found: FoundCorners): void {
    const { target, range, texture: picture } = found;
    const [columns, rows] = [Math.ceil(target.width / CELL), Math.ceil(target.height / CELL)];
    for (const made of this.#targets) {
      if (made.width !== columns || made.height !== rows) made.setSize(columns, rows);
    }
    const reciprocals = reciprocalsOf(range);
    const cell = new Vector2(
      Math.round(picture.width / target.width) / picture.width,
      Math.round(picture.height / target.height) / picture.height,
    );
    const reduce = picture.isYuv ? this.#reduces.yuv : this.#reduces.rgb;
    reduce.set(found, reciprocals, cell);
    this.#run(reduce.material);
    for (const reach of SPREADS) {
      this.#spread.set(this.#targets[0], reciprocals, reach);
      this.#run(this.#spread.material);
    }
    this.#sheet.set(this.#targets[0], reciprocals, cell.multiplyScalar(CELL));
  }

  /** Draws it into the present target. */
  draw(placing: Placing): void {
    this.#sheet.draw(this.#renderer, placing);
  }

  /** The result is in the first target afterwards. */
  #run(material: NodeMaterial): void {
    const [other, target] = this.#targets;
    this.#cover.material = material;
    this.#renderer.setRenderTarget(target);
    this.#cover.render(this.#renderer);
    this.#targets = [target, other];
  }

  dispose(): void {
    for (const target of this.#targets) target.dispose();
    for (const { material } of [...Object.values(this.#reduces), this.#spread]) material.dispose();
    this.#sheet.dispose();
  }
}

/** `REDUCE` of the GLSL. */
class Reduce {
  readonly material: NodeMaterial;
  readonly #depth = new DepthNodes();
  readonly #colours: ColourNodes;
  readonly #corners: TextureNode;
  readonly #placeholder = new RenderTarget(1, 1);
  readonly #cell = uniform(new Vector2());

  constructor(isYuv: boolean) {
    this.#colours = new ColourNodes(isYuv);
    this.#corners = texture(this.#placeholder.texture);
    this.material = coverMaterial(outputStruct(this.#colourNode(), this.#farNode()));
  }

  set({ target, texture: picture }: FoundCorners, reciprocals: Vector2, cell: Vector2): void {
    this.#corners.value = target.texture;
    this.#colours.set(picture);
    this.#cell.value.copy(cell);
    if (picture.depth) this.#depth.set(picture.depth, target, reciprocals);
  }

  #farthest(from: Whole): Float {
    const farthest = float(255).toVar();
    Loop(CELL * CELL, ({ i }) => {
      const code = this.#depth.codeAt(from.add(ivec2(int(i).mod(CELL), int(i).div(CELL))));
      farthest.assign(min(farthest, code));
    });
    return farthest;
  }

  readonly #farNode = () => Fn(() => vec4(this.#farthest(ivec2(floor(screenCoordinate)).mul(CELL).toVar()).div(255)))();

  readonly #colourNode = () =>
    Fn(() => {
      const from = ivec2(floor(screenCoordinate)).mul(CELL).toVar();
      const farthest = this.#farthest(from);
      const sum = vec4(0).toVar();
      const weights = float(0).toVar();
      Loop(CELL * CELL, ({ i }) => {
        const at = within(from.add(ivec2(int(i).mod(CELL), int(i).div(CELL))), this.#depth.last).toVar();
        const found = vec4(textureLoad(this.#corners, at));
        const isMixed = found.x.max(found.y).max(found.z).max(found.w).greaterThan(0x3fff);
        const joined = this.#depth.areJoined(this.#depth.codeAt(at), farthest);
        const weight = select(isMixed, float(MIXED), float(1)).mul(joined).toVar();
        sum.addAssign(this.#colours.texelAt(vec2(at).add(0.5).mul(this.#cell).min(1)).mul(weight));
        weights.addAssign(weight);
      });
      return sum.div(weights);
    })();
}

/** `SPREAD` of the GLSL. */
class Spread {
  readonly material: NodeMaterial;
  readonly #depth = new DepthNodes();
  readonly #colours: TextureNode;
  readonly #placeholder = newTarget();
  readonly #reach = uniform(1);

  constructor() {
    this.#colours = texture(this.#placeholder.texture);
    this.#depth.codes.value = this.#placeholder.textures[1] ?? this.#placeholder.texture;
    const own = (at: Whole) => this.#depth.codeAt(at).toVar();
    const colour = Fn(() => {
      const at = ivec2(floor(screenCoordinate)).toVar();
      const farthest = this.#farthest(at, own(at));
      const sum = vec4(0).toVar();
      const count = float(0).toVar();
      this.#around(at, (there, code) => {
        const joined = this.#depth.areJoined(code, farthest, BEHIND).toVar();
        sum.addAssign(vec4(textureLoad(this.#colours, there)).mul(joined));
        count.addAssign(joined);
      });
      const isKept = this.#depth.areJoined(own(at), farthest, BEHIND).greaterThan(0.5);
      return select(isKept, vec4(textureLoad(this.#colours, at)), sum.div(count));
    })();
    const far = Fn(() => {
      const at = ivec2(floor(screenCoordinate)).toVar();
      const farthest = this.#farthest(at, own(at));
      const codes = float(0).toVar();
      const count = float(0).toVar();
      this.#around(at, (_, code) => {
        const joined = this.#depth.areJoined(code, farthest, BEHIND).toVar();
        codes.addAssign(code.mul(joined));
        count.addAssign(joined);
      });
      const isKept = this.#depth.areJoined(own(at), farthest, BEHIND).greaterThan(0.5);
      return vec4(select(isKept, own(at), codes.div(count)).div(255));
    })();
    this.material = coverMaterial(outputStruct(colour, far));
  }

  set(from: RenderTarget, reciprocals: Vector2, reach: number): void {
    const [colours, codes] = from.textures;
    if (!colours || !codes) return;
    this.#colours.value = colours;
    this.#depth.set(codes, from, reciprocals);
    this.#reach.value = reach;
  }

  #around(at: Whole, visit: (there: Whole, code: Float) => void): void {
    Loop(9, ({ i }) => {
      const offset = ivec2(int(i).mod(3).sub(1), int(i).div(3).sub(1)).mul(int(this.#reach));
      const there = within(at.add(offset), this.#depth.last).toVar();
      visit(there, this.#depth.codeAt(there).toVar());
    });
  }

  #farthest(at: Whole, own: Float): Float {
    const farthest = float(own).toVar();
    this.#around(at, (_, code) => farthest.assign(min(farthest, code)));
    return farthest;
  }
}

/** The sheet of the far side: a point for each cell, in its middle, and a ring of points around. */
class Sheet {
  readonly #material = new NodeMaterial();
  readonly #depth = new DepthNodes();
  readonly #colours: TextureNode;
  readonly #placeholder = newTarget();
  readonly #placing: PlacingNodes;
  readonly #cell = uniform(new Vector2());
  readonly #size = uniform(new Vector2(1, 1));
  readonly #mesh = new Mesh(new BufferGeometry(), this.#material);
  readonly #scene = new Scene();
  readonly #camera = new OrthographicCamera();

  constructor(renderer: WebGPURenderer) {
    this.#placing = new PlacingNodes(renderer);
    this.#colours = texture(this.#placeholder.texture);
    this.#depth.codes.value = this.#placeholder.textures[1] ?? this.#placeholder.texture;
    const at = varyingProperty('vec2', 'sheetAt');
    this.#material.blending = NoBlending;
    this.#material.vertexNode = Fn(() => {
      const size = ivec2(this.#size).toVar();
      const row = int(vertexIndex).div(size.x.add(2)).toVar();
      const point = ivec2(int(vertexIndex).sub(row.mul(size.x.add(2))), row)
        .sub(1)
        .toVar();
      const inner = within(point, size.sub(1)).toVar();
      at.assign(vec2(inner).add(0.5).div(vec2(size)));
      const place = vec2(inner)
        .add(0.5)
        .mul(this.#cell)
        .min(1)
        .add(vec2(point.sub(inner)).mul(BEYOND));
      return this.#placing.placed(place, this.#depth.reciprocalOf(this.#depth.codeAt(inner)));
    })();
    this.#material.fragmentNode = this.#colours.sample(at);
    this.#mesh.frustumCulled = false;
    this.#scene.add(this.#mesh);
  }

  set(found: RenderTarget, reciprocals: Vector2, cell: Vector2): void {
    const [colours, codes] = found.textures;
    if (!colours || !codes) return;
    this.#colours.value = colours;
    this.#depth.set(codes, found, reciprocals);
    this.#cell.value.copy(cell);
    if (this.#size.value.x === found.width && this.#size.value.y === found.height) return;
    this.#size.value.set(found.width, found.height);
    this.#mesh.geometry.dispose();
    const points = (found.width + 2) * (found.height + 2);
    this.#mesh.geometry = new BufferGeometry().setIndex(sheetIndex(found.width, found.height));
    this.#mesh.geometry.setAttribute('position', new BufferAttribute(new Float32Array(points * 3), 3));
  }

  draw(renderer: WebGPURenderer, placing: Placing): void {
    this.#placing.set(placing);
    renderer.render(this.#scene, this.#camera);
  }

  dispose(): void {
    this.#material.dispose();
    this.#mesh.geometry.dispose();
  }
}

/** Of the colours, which the sheet interpolates, and of the codes of depth. */
function newTarget(): RenderTarget {
  const target = new RenderTarget(1, 1, { count: 2, depthBuffer: false });
  const [colours, codes] = target.textures;
  if (colours) colours.minFilter = colours.magFilter = LinearFilter;
  if (codes) codes.minFilter = codes.magFilter = NearestFilter;
  return target;
}
