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
  clamp,
  dot,
  Fn,
  float,
  floor,
  int,
  ivec2,
  Loop,
  max,
  min,
  outputStruct,
  screenCoordinate,
  select,
  step,
  texture,
  textureLoad,
  uniform,
  varyingProperty,
  vec2,
  vec4,
  vertexIndex,
} from 'three/tsl';
import { type Node, NodeMaterial, QuadMesh, type TextureNode, type WebGPURenderer } from 'three/webgpu';
import { BEHIND, BEYOND, CELL, MADE_UP, MIXED, SIDEWAYS, SPREADS, sheetIndex } from '../../live/warp/far-side.ts';
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
  readonly #spread: Spread;
  readonly #sheet: Sheet;
  readonly #cover = new QuadMesh(new NodeMaterial());
  /** Of the last picture: as it is, and as one view uncovers it. */
  readonly #reduced = newTarget();
  readonly #targets = [newTarget(), newTarget()] as const;
  readonly #reciprocals = new Vector2();

  constructor(renderer: WebGPURenderer) {
    this.#renderer = renderer;
    this.#reduces = { rgb: new Reduce(false), yuv: new Reduce(true) };
    this.#spread = new Spread(renderer);
    this.#sheet = new Sheet(renderer);
  }

  /** Takes a picture; `uncover` and `draw` are of the last one. */
  find(found: FoundCorners): void {
    const { target, range, texture: picture } = found;
    const [columns, rows] = [Math.ceil(target.width / CELL), Math.ceil(target.height / CELL)];
    for (const made of [this.#reduced, ...this.#targets]) {
      if (made.width !== columns || made.height !== rows) made.setSize(columns, rows);
    }
    this.#reciprocals.copy(reciprocalsOf(range));
    const cell = new Vector2(
      Math.round(picture.width / target.width) / picture.width,
      Math.round(picture.height / target.height) / picture.height,
    );
    const reduce = picture.isYuv ? this.#reduces.yuv : this.#reduces.rgb;
    reduce.set(found, this.#reciprocals, cell);
    this.#run(reduce.material, this.#reduced);
    this.#sheet.resize(columns, rows, cell.multiplyScalar(CELL));
  }

  /** Finds what is behind things where a view uncovers it. */
  uncover(placing: Placing): void {
    let from = this.#reduced;
    for (const [i, reach] of SPREADS.entries()) {
      this.#spread.set(from, this.#reciprocals, reach, placing);
      from = this.#targets[i % 2 === 0 ? 0 : 1];
      this.#run(this.#spread.material, from);
    }
    this.#sheet.set(from, this.#reciprocals);
  }

  /** Draws it into the present target. */
  draw(placing: Placing): void {
    this.#sheet.draw(this.#renderer, placing);
  }

  #run(material: NodeMaterial, target: RenderTarget): void {
    this.#cover.material = material;
    this.#renderer.setRenderTarget(target);
    this.#cover.render(this.#renderer);
  }

  dispose(): void {
    for (const target of [this.#reduced, ...this.#targets]) target.dispose();
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

  #codes(from: Whole): Readonly<Record<'farthest' | 'nearest', Float>> {
    const farthest = float(255).toVar();
    const nearest = float(0).toVar();
    Loop(CELL * CELL, ({ i }) => {
      const code = this.#depth.codeAt(from.add(ivec2(int(i).mod(CELL), int(i).div(CELL)))).toVar();
      farthest.assign(min(farthest, code));
      nearest.assign(max(nearest, code));
    });
    return { farthest, nearest };
  }

  /** Each depth pixel of the farthest surface: its place, and the weight of its colour. */
  #eachJoined(from: Whole, farthest: Float, visit: (at: Whole, isJoined: Float, weight: Float) => void): void {
    Loop(CELL * CELL, ({ i }) => {
      const at = within(from.add(ivec2(int(i).mod(CELL), int(i).div(CELL))), this.#depth.last).toVar();
      const found = vec4(textureLoad(this.#corners, at));
      const isMixed = found.x.max(found.y).max(found.z).max(found.w).greaterThan(0x3fff);
      const joined = this.#depth.areJoined(this.#depth.codeAt(at), farthest).toVar();
      visit(at, joined, select(isMixed, float(MIXED), float(1)).mul(joined).toVar());
    });
  }

  readonly #farNode = () =>
    Fn(() => {
      const from = ivec2(floor(screenCoordinate)).mul(CELL).toVar();
      const { farthest, nearest } = this.#codes(from);
      const weights = float(0).toVar();
      const count = float(0).toVar();
      this.#eachJoined(from, farthest, (_, isJoined, weight) => {
        weights.addAssign(weight);
        count.addAssign(isJoined);
      });
      const isBehind = float(1).sub(this.#depth.areJoined(farthest, nearest, BEHIND));
      return vec4(farthest.div(255), isBehind, weights.div(count), 1);
    })();

  readonly #colourNode = () =>
    Fn(() => {
      const from = ivec2(floor(screenCoordinate)).mul(CELL).toVar();
      const { farthest } = this.#codes(from);
      const sum = vec4(0).toVar();
      const weights = float(0).toVar();
      this.#eachJoined(from, farthest, (at, _, weight) => {
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
  readonly #size = uniform(new Vector2(1, 1));
  readonly #placing: PlacingNodes;

  constructor(renderer: WebGPURenderer) {
    this.#placing = new PlacingNodes(renderer);
    this.#colours = texture(this.#placeholder.texture);
    this.#depth.codes.value = this.#placeholder.textures[1] ?? this.#placeholder.texture;
    const colour = Fn(() => {
      const at = ivec2(floor(screenCoordinate)).toVar();
      const found = this.#find(at);
      return select(found.isKept.greaterThan(0.5), vec4(textureLoad(this.#colours, at)), found.colour);
    })();
    const far = Fn(() => {
      const at = ivec2(floor(screenCoordinate)).toVar();
      const found = this.#find(at);
      return select(found.isKept.greaterThan(0.5), this.#farAt(at), found.far);
    })();
    this.material = coverMaterial(outputStruct(colour, far));
  }

  set(from: RenderTarget, reciprocals: Vector2, reach: number, placing: Placing): void {
    const [colours, codes] = from.textures;
    if (!colours || !codes) return;
    this.#colours.value = colours;
    this.#depth.set(codes, from, reciprocals);
    this.#size.value.set(from.width, from.height);
    this.#reach.value = reach;
    this.#placing.set(placing);
  }

  readonly #farAt = (at: Whole) => vec4(textureLoad(this.#depth.codes, at));

  #find(at: Whole): Readonly<Record<'colour' | 'far', Node<'vec4'>> & { readonly isKept: Float }> {
    const own = this.#farAt(at).toVar();
    const isBehind = step(0.5, own.g).toVar();
    const towards = this.#placing.uncovered(vec2(at).add(0.5).div(this.#size)).toVar();
    const ownCode = this.#depth.codeAt(at).toVar();
    const farthest = float(ownCode).toVar();
    this.#around(at, towards, (_, code, isUncovered) => {
      const counts = isUncovered.mul(float(1).sub(isBehind));
      farthest.assign(select(counts.greaterThan(0.5), min(farthest, code), farthest));
    });
    const colour = vec4(0).toVar();
    const [codes, weights, count] = [float(0).toVar(), float(0).toVar(), float(0).toVar()];
    this.#around(at, towards, (there, code, isUncovered) => {
      const taken = max(isBehind, isUncovered)
        .mul(this.#depth.areJoined(code, farthest, BEHIND))
        .toVar();
      const weight = max(this.#farAt(there).b, MIXED).mul(taken).toVar();
      colour.addAssign(vec4(textureLoad(this.#colours, there)).mul(weight));
      codes.addAssign(code.mul(taken));
      weights.addAssign(weight);
      count.addAssign(taken);
    });
    const isOwn = select(isBehind.greaterThan(0.5), step(0.5, own.b), this.#depth.areJoined(ownCode, farthest, BEHIND));
    return {
      colour: colour.div(weights),
      far: vec4(codes.div(count).div(255), 1, weights.div(count), 1),
      isKept: isOwn,
    };
  }

  #around(at: Whole, towards: Node<'vec2'>, visit: (there: Whole, code: Float, isUncovered: Float) => void): void {
    Loop(9, ({ i }) => {
      const offset = ivec2(int(i).mod(3).sub(1), int(i).div(3).sub(1)).toVar();
      const there = within(at.add(offset.mul(int(this.#reach))), this.#depth.last).toVar();
      const way = vec2(offset);
      const isTowards = dot(way, towards).greaterThan(way.length().mul(towards.length()).mul(SIDEWAYS));
      visit(there, this.#depth.codeAt(there).toVar(), select(isTowards, float(1), float(0)).toVar());
    });
  }
}

/** The sheet of the far side. */
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
    this.#material.vertexNode = this.#vertexNode(at);
    this.#material.fragmentNode = this.#colours.sample(at);
    this.#mesh.frustumCulled = false;
    this.#scene.add(this.#mesh);
  }

  /** The vertex shader of `far-side.ts`. */
  #vertexNode(at: Node<'vec2'>): Node {
    return Fn(() => {
      const size = ivec2(this.#size).toVar();
      const quad = int(vertexIndex).div(4).toVar();
      const corner = int(vertexIndex).sub(quad.mul(4)).toVar();
      const row = quad.div(size.x.add(1)).toVar();
      const first = ivec2(quad.sub(row.mul(size.x.add(1))), row)
        .sub(1)
        .toVar();
      const farthestAt = vec2(first).toVar();
      const [farthest, nearest] = [float(255).toVar(), float(0).toVar()];
      const isMadeUp = float(1).toVar();
      for (let i = 0; i < 4; i += 1) {
        const there = first.add(ivec2(i & 1, i >> 1));
        const code = this.#depth.codeAt(there).toVar();
        isMadeUp.mulAssign(step(0.5, vec4(textureLoad(this.#depth.codes, within(there, size.sub(1)))).g));
        farthestAt.assign(select(code.lessThan(farthest), vec2(there), farthestAt));
        farthest.assign(min(farthest, code));
        nearest.assign(max(nearest, code));
      }
      const point = first.add(ivec2(corner.mod(2), corner.div(2))).toVar();
      const inner = vec2(within(point, size.sub(1))).toVar();
      const isOne = this.#depth.areJoined(farthest, nearest, BEHIND).greaterThan(0.5).toVar();
      const reciprocal = this.#depth.reciprocalOf(this.#depth.codeAt(point)).toVar();
      const isSmooth = isOne.or(isMadeUp.mul(this.#depth.areJoined(farthest, nearest, MADE_UP)).greaterThan(0.5));
      const colourAt = select(isSmooth, inner, clamp(farthestAt, vec2(0), vec2(size).sub(1)));
      at.assign(colourAt.add(0.5).div(vec2(size)));
      const place = inner.add(0.5).mul(this.#cell).min(1).add(vec2(point).sub(inner).mul(BEYOND));
      return this.#placing.placed(place, reciprocal, select(isOne, reciprocal, this.#depth.reciprocalOf(farthest)));
    })();
  }

  resize(columns: number, rows: number, cell: Vector2): void {
    this.#cell.value.copy(cell);
    if (this.#size.value.x === columns && this.#size.value.y === rows) return;
    this.#size.value.set(columns, rows);
    this.#mesh.geometry.dispose();
    const index = sheetIndex(columns, rows);
    this.#mesh.geometry = new BufferGeometry().setIndex(index);
    this.#mesh.geometry.setAttribute('position', new BufferAttribute(new Float32Array(index.count * 2), 3));
  }

  set(found: RenderTarget, reciprocals: Vector2): void {
    const [colours, codes] = found.textures;
    if (!colours || !codes) return;
    this.#colours.value = colours;
    this.#depth.set(codes, found, reciprocals);
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
