/** A picture as a mesh of its own depth, as `picture-quads.ts` has it, drawn with nodes. */
import type { DepthRange } from '@kiln/shared';
import {
  BufferAttribute,
  DoubleSide,
  FloatType,
  InstancedBufferGeometry,
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
  Fn,
  float,
  floor,
  instanceIndex,
  int,
  ivec2,
  mod,
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
import { reciprocalsOf } from '../../live/warp/picture-quads.ts';
import type { FoundCorners, Placing, TextureWithDepth } from '../../live/warp/picture-warp.ts';
import { NewerNodes } from './newer-nodes.ts';
import { ColourNodes, DepthNodes } from './picture-nodes.ts';
import { PlacingNodes } from './placing-nodes.ts';

/** Parts of what a corner is: 64 times its code, and above whether a neighbour, and the one beyond, is nearer. */
const CODE_STEPS = 64;
const SIDE = 0x4000;
const BEYOND = 0x8000;
/** Colour is taken so many of its texels beside what is nearer: the first is mixed with that one's. */
const BESIDE_TEXELS = 1.5;

export class NodeQuads {
  readonly #renderer: WebGPURenderer;
  readonly #depth = new DepthNodes();
  readonly #find = coverMaterial(cornersNode(this.#depth));
  readonly #cover = new QuadMesh(this.#find);
  readonly #targets: RenderTarget[] = [];
  readonly #draws: Readonly<Record<'rgb' | 'yuv', QuadsDraw>>;
  readonly #mesh = new Mesh(new InstancedBufferGeometry());
  readonly #scene = new Scene();
  readonly #camera = new OrthographicCamera();

  constructor(renderer: WebGPURenderer) {
    this.#renderer = renderer;
    this.#draws = { rgb: new QuadsDraw(renderer, false), yuv: new QuadsDraw(renderer, true) };
    this.#mesh.frustumCulled = false;
    this.#scene.add(this.#mesh);
  }

  /** @returns valid until two more pictures have come. */
  find(picture: TextureWithDepth, range: DepthRange): FoundCorners {
    const { width, height } = picture.depth.image;
    const target = (this.#targets.length < 2 ? null : this.#targets.shift()) ?? newTarget(width, height);
    this.#targets.push(target);
    if (target.width !== width || target.height !== height) target.setSize(width, height);
    this.#depth.set(picture.depth, { width, height }, reciprocalsOf(range));
    this.#renderer.setRenderTarget(target);
    this.#cover.render(this.#renderer);
    return { target, range, texture: picture };
  }

  /** Draws a picture into the present target. */
  draw(found: FoundCorners, placing: Placing): void {
    this.#resize(found.target.width, found.target.height);
    const draw = found.texture.isYuv ? this.#draws.yuv : this.#draws.rgb;
    draw.set(found, placing);
    this.#mesh.material = draw.material;
    this.#renderer.render(this.#scene, this.#camera);
  }

  /** A row of quads, as often as there are rows. */
  #resize(columns: number, rows: number): void {
    const { geometry } = this.#mesh;
    if (geometry.index?.count !== columns * 6) {
      geometry.dispose();
      const index = Array.from({ length: columns }, (_, i) => [0, 2, 1, 1, 2, 3].map((corner) => i * 4 + corner));
      const made = new InstancedBufferGeometry().setIndex(index.flat());
      made.setAttribute('position', new BufferAttribute(new Float32Array(columns * 12), 3));
      this.#mesh.geometry = made;
    }
    this.#mesh.geometry.instanceCount = rows;
  }

  dispose(): void {
    for (const target of this.#targets) target.dispose();
    for (const { material } of Object.values(this.#draws)) material.dispose();
    this.#find.dispose();
    this.#mesh.geometry.dispose();
  }
}

/** Covers all of its target. */
export function coverMaterial(fragment: Node): NodeMaterial {
  const material = new NodeMaterial();
  material.fragmentNode = fragment;
  material.blending = NoBlending;
  material.depthTest = false;
  material.depthWrite = false;
  return material;
}

/** A depth pixel around another: 1 where both are one surface, else 0. */
interface Beside {
  readonly code: Node<'float'>;
  readonly isOne: Node<'float'>;
}

/** `FIND_CORNERS` of the GLSL. */
const cornersNode = (depth: DepthNodes) =>
  Fn(() => {
    const at = ivec2(floor(screenCoordinate)).toVar();
    const own = depth.codeAt(at).toVar();
    const beside = (x: number, y: number): Beside => {
      const next = at.add(ivec2(x, y)).toVar();
      return { code: depth.codeAt(next).toVar(), isOne: depth.areOne(at, next).toVar() };
    };
    const isNearer = ({ code, isOne }: Beside) =>
      select(code.greaterThan(own).and(isOne.lessThan(0.5)), float(1), float(0));
    const [left, right, above, below] = [beside(-1, 0), beside(1, 0), beside(0, -1), beside(0, 1)];
    const cornerOf = (x: -1 | 1, y: -1 | 1, side: Beside) => {
      const across = beside(x, y);
      const sum = own.toVar();
      const count = float(1).toVar();
      for (const { code, isOne } of [x < 0 ? left : right, y < 0 ? above : below, across]) {
        sum.addAssign(code.mul(isOne));
        count.addAssign(isOne);
      }
      const mean = floor(sum.div(count).mul(CODE_STEPS).add(0.5));
      return mean.add(isNearer(side).mul(SIDE)).add(isNearer(across).mul(BEYOND));
    };
    return vec4(cornerOf(-1, -1, left), cornerOf(1, -1, right), cornerOf(-1, 1, above), cornerOf(1, 1, below));
  })();

/** Draws quads with colours of one kind. */
class QuadsDraw {
  readonly material = new NodeMaterial();
  readonly #colours: ColourNodes;
  readonly #placing: PlacingNodes;
  readonly #newer = new NewerNodes();
  readonly #corners: TextureNode;
  readonly #placeholder = newTarget(1, 1);
  readonly #reciprocals = uniform(new Vector2());
  readonly #cell = uniform(new Vector2());
  readonly #texel = uniform(new Vector2());

  constructor(renderer: WebGPURenderer, isYuv: boolean) {
    this.#colours = new ColourNodes(isYuv);
    this.#placing = new PlacingNodes(renderer);
    this.#corners = texture(this.#placeholder.texture);
    const { material } = this;
    material.blending = NoBlending;
    material.side = DoubleSide;
    const at = varyingProperty('vec2', 'quadAt');
    const inside = varyingProperty('vec4', 'quadInside');
    material.vertexNode = this.#vertexNode(at, inside);
    material.fragmentNode = this.#colours.texelAt(clamp(at, inside.xy, inside.zw));
  }

  set({ target, range, texture: picture }: FoundCorners, placing: Placing): void {
    this.#corners.value = target.texture;
    this.#colours.set(picture);
    this.#placing.set(placing);
    this.#newer.set(placing.newer);
    this.#reciprocals.value.copy(reciprocalsOf(range));
    const texel = this.#texel.value.set(1 / picture.width, 1 / picture.height);
    const perQuad = [Math.round(picture.width / target.width), Math.round(picture.height / target.height)] as const;
    this.#cell.value.set(...perQuad).multiply(texel);
  }

  /** The vertex shader of `picture-quads.ts`. */
  #vertexNode(at: Node<'vec2'>, inside: Node<'vec4'>): Node {
    const beside = this.#texel.mul(BESIDE_TEXELS);
    return Fn(() => {
      const column = int(vertexIndex).div(4).toVar();
      const corner = int(vertexIndex).sub(column.mul(4)).toVar();
      const quad = ivec2(column, int(instanceIndex)).toVar();
      const found = vec4(textureLoad(this.#corners, quad)).toVar();
      const own = select(
        corner.equal(0),
        found.x,
        select(corner.equal(1), found.y, select(corner.equal(2), found.z, found.w)),
      ).toVar();
      const code = mod(own, SIDE).div(CODE_STEPS);
      const { x: farthest, y: step } = this.#reciprocals;
      const reciprocal = select(code.lessThan(0.5), float(0), farthest.add(code.sub(1).mul(step)));
      const from = vec2(quad).mul(this.#cell).toVar();
      const to = from.add(this.#cell).toVar();
      const beyond = floor(found.div(BEYOND)).greaterThan(0.5 as never);
      const side = floor(mod(found, BEYOND).div(SIDE)).greaterThan(0.5 as never);
      const [left, right, above, below] = [side.x, side.y, side.z, side.w];
      const x0 = select(
        left.or(beyond.x.and(above.not())).or(beyond.z.and(below.not())),
        from.x.add(beside.x),
        float(0),
      );
      const x1 = select(
        right.or(beyond.y.and(above.not())).or(beyond.w.and(below.not())),
        to.x.sub(beside.x),
        float(1),
      );
      const y0 = select(above, from.y.add(beside.y), float(0));
      const y1 = select(below, to.y.sub(beside.y), float(1));
      const [ax, bx, ay, by] = [x0.toVar(), x1.toVar(), y0.toVar(), y1.toVar()];
      const middle = from.add(to).div(2);
      // Between two nearer ones: in the middle.
      const [noWidth, noHeight] = [ax.greaterThan(bx), ay.greaterThan(by)];
      inside.assign(
        vec4(
          select(noWidth, middle.x, ax),
          select(noHeight, middle.y, ay),
          select(noWidth, middle.x, bx),
          select(noHeight, middle.y, by),
        ),
      );
      const along = vec2(float(corner.mod(2)), float(corner.div(2)));
      const place = from.add(along.mul(this.#cell)).min(1).toVar();
      at.assign(place);
      const mean = mod(found, SIDE).dot(vec4(0.25 / CODE_STEPS));
      const ahead = this.#placing.ahead(middle.min(1));
      const isGone = this.#newer.isGone(ahead, farthest.add(mean.sub(1).mul(step)));
      return select(isGone, vec4(2, 2, 2, 1), this.#placing.placed(place, reciprocal));
    })();
  }
}

const newTarget = (width: number, height: number): RenderTarget =>
  new RenderTarget(width, height, {
    type: FloatType,
    minFilter: NearestFilter,
    magFilter: NearestFilter,
    depthBuffer: false,
  });
