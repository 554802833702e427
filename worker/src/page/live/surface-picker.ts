/**
 * What is seen at a point of a live view: the scene is drawn once more, as numbers of its things, into the few pixels around
 * the point. So it is what pictures show: skins, morph targets, instances, masks and sides are the shaders' own, and things
 * beside those pixels are culled.
 *
 * Rejected: rays on the CPU, which would have to do all that once more. On a grid of two million triangles, two cores without a
 * GPU: 50 ms here (a picture of 640 × 360: 1,400), 380 by three's Raycaster, and 1,200 ms before the first answer for a tree
 * of three-mesh-bvh, which each pose of a skin needs anew. The chess board takes 11 ms.
 */
import { KilnError, type PickedSurface, type Vector3 as Triple } from '@kiln/shared';
import {
  FloatType,
  type Material,
  NearestFilter,
  OrthographicCamera,
  PerspectiveCamera,
  Vector3,
  WebGLRenderTarget,
} from 'three';
import type { PageCall } from '../contract.ts';
import { chooseCamera, placeShot, poseCamera, setCamera } from '../engine/shot-camera.ts';
import type { PageServices } from '../page-services.ts';
import type { Drawable } from '../scene/drawable.ts';
import type { LoadedScene } from '../scene/loaded-scene.ts';
import { NamedParts } from '../scene/named-parts.ts';

type PickCall = Extract<PageCall, { call: 'pick' }>;
type PickServices = Pick<PageServices, 'room' | 'queue' | 'scenes'>;

/** Lines and points, a pixel thick, are hit from so many pixels beside them. */
const THIN_REACH_PX = 3;
const EDGE_PX = 2 * THIN_REACH_PX + 1;
const MIDDLE = { x: THIN_REACH_PX, y: THIN_REACH_PX };
/** A line that lies in a surface is before it. */
const SAME_DEPTH = 1.001;

export class SurfacePicker {
  readonly #services: PickServices;
  readonly #things = new WeakMap<LoadedScene, SceneThings>();
  readonly #cameras = { perspective: new PerspectiveCamera(), orthographic: new OrthographicCamera() };
  readonly #target = new WebGLRenderTarget(EDGE_PX, EDGE_PX, {
    count: 3,
    type: FloatType,
    minFilter: NearestFilter,
    magFilter: NearestFilter,
  });

  constructor(services: PickServices) {
    this.#services = services;
  }

  /**
   * In its turn among live pictures.
   *
   * @returns null where nothing stands.
   * @throws KilnError `job.unknown_camera`, `job.unknown_clip`, `job.unsupported`, `render.failed`, `render.page_lost`.
   */
  async pick(call: PickCall): Promise<PickedSurface | null> {
    const { queue, scenes } = this.#services;
    const { scene, release } = scenes.use(call.sceneHash);
    try {
      return await queue.run('live', () => this.#look(scene, call));
    } finally {
      release();
    }
  }

  async #look(scene: LoadedScene, { view, pose, aspect, x, y }: PickCall): Promise<PickedSurface | null> {
    const { gpu, passes } = this.#services.room;
    const { widthPx, heightPx } = view.size;
    const frame = { widthPx: aspect === null ? widthPx : heightPx * aspect, heightPx };
    const shot = {
      scene,
      camera: view.camera === undefined ? poseCamera(pose) : chooseCamera(view.camera, scene, view.fps),
      staging: scene.staging(view.clip, view),
      timeSec: view.frameNumber / view.fps,
      size: { widthPx: EDGE_PX, heightPx: EDGE_PX },
      // The middle of the middle pixel is the point.
      window: { frame, x: x * frame.widthPx - EDGE_PX / 2, y: y * frame.heightPx - EDGE_PX / 2 },
    };
    const camera = setCamera(this.#cameras, placeShot(shot), shot, { x: 0, y: 0 });
    const things = this.#things.get(scene) ?? new SceneThings(scene);
    this.#things.set(scene, things);
    passes.drawNumbers(this.#target, scene, camera, things.numbersOf);
    await gpu.finished();
    const [places, normals, numbers] = [this.#read(0), this.#read(1), this.#read(2)];
    gpu.throwErrors();
    if (gpu.isLost) throw new KilnError('render.page_lost', 'The GPU context was lost while a point was looked at.');
    const seen = seenAt(places, normals, numbers);
    if (!seen) return null;
    const towards = camera.getWorldDirection(new Vector3()).negate();
    return {
      ...things.partsOf(seen.object, seen.material),
      position: seen.position,
      normal: seen.isThin ? [towards.x, towards.y, towards.z] : seen.normal,
    };
  }

  #read(texture: number): Float32Array {
    const values = new Float32Array(EDGE_PX * EDGE_PX * 4);
    const { renderer } = this.#services.room.gpu;
    renderer.readRenderTargetPixels(this.#target, 0, 0, EDGE_PX, EDGE_PX, values, undefined, texture);
    return values;
  }
}

interface SeenPixel {
  readonly object: number;
  readonly material: number;
  readonly position: Triple;
  readonly normal: Triple;
  /** A line or a point. */
  readonly isThin: boolean;
  readonly depth: number;
}

/** What is seen in the middle, or the line or point beside it that nothing there hides. */
function seenAt(places: Float32Array, normals: Float32Array, numbers: Float32Array): SeenPixel | null {
  const pixelAt = (x: number, y: number): SeenPixel | null => {
    const at = (y * EDGE_PX + x) * 4;
    const [object = 0, material = 0] = numbers.subarray(at);
    if (object === 0) return null;
    const normal = tripleAt(normals, at);
    return {
      object,
      material,
      position: tripleAt(places, at),
      normal,
      isThin: isZero(normal),
      depth: places[at + 3] ?? 0,
    };
  };
  const middle = pixelAt(MIDDLE.x, MIDDLE.y);
  let [best, bestPx] = [middle, middle?.isThin ? 0 : THIN_REACH_PX + 0.5];
  for (let y = 0; y < EDGE_PX; y += 1) {
    for (let x = 0; x < EDGE_PX; x += 1) {
      const pixel = pixelAt(x, y);
      const awayPx = Math.hypot(x - MIDDLE.x, y - MIDDLE.y);
      if (!pixel?.isThin || awayPx >= bestPx || (middle && pixel.depth > middle.depth * SAME_DEPTH)) continue;
      [best, bestPx] = [pixel, awayPx];
    }
  }
  return best;
}

const tripleAt = (values: Float32Array, at: number): Triple => [
  values[at] ?? 0,
  values[at + 1] ?? 0,
  values[at + 2] ?? 0,
];

const isZero = ([x, y, z]: Triple) => x === 0 && y === 0 && z === 0;

/** Numbers of the things and materials of a scene, from 1 in the order in which they were drawn first. */
class SceneThings {
  readonly #scene: LoadedScene;
  readonly #objects = new Numbering<Drawable>();
  readonly #materials = new Numbering<Material>();
  #named: NamedParts | null = null;

  constructor(scene: LoadedScene) {
    this.#scene = scene;
  }

  readonly numbersOf = (object: Drawable, material: Material): readonly [number, number] => [
    this.#objects.numberOf(object),
    this.#materials.numberOf(material),
  ];

  partsOf(object: number, material: number): Pick<PickedSurface, 'node' | 'material'> {
    this.#named ??= new NamedParts(this.#scene.graph);
    return {
      node: this.#named.nodeOf(this.#objects.of(object)),
      material: this.#named.materialOf(this.#materials.of(material)),
    };
  }
}

class Numbering<T> {
  readonly #numbers = new Map<T, number>();
  readonly #things: T[] = [];

  numberOf(thing: T): number {
    const number = this.#numbers.get(thing) ?? this.#things.push(thing);
    this.#numbers.set(thing, number);
    return number;
  }

  of(number: number): T {
    const thing = this.#things[number - 1];
    if (thing === undefined) throw new Error(`nothing was drawn as number ${number}`);
    return thing;
  }
}
