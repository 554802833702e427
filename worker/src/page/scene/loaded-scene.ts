import type { Camera, Object3D, Scene, Sphere } from 'three';
import type { Lens } from '../engine/camera-placement.ts';
import { PAGE_LIMITS } from '../limits.ts';
import type { ClipPlayer } from './clip-player.ts';
import { prepareCulling } from './culling.ts';
import { disposeTree } from './dispose-tree.ts';
import { DrawOrder } from './draw-order.ts';
import { type Extent, measureExtent, type Poses } from './extent.ts';
import type { Framing } from './framing.ts';
import { gpuBytesOf, largestTexturePx } from './gpu-bytes.ts';
import { Lights } from './lights.ts';

/** A camera of the scene. */
export interface SceneCamera {
  readonly name: string;
  readonly camera: Camera;
  readonly lens: Lens;
  /** Planes as the file has them, metres. */
  readonly range: { readonly near: number; readonly far: number };
}

export interface SceneParts {
  readonly sceneHash: string;
  readonly root: Object3D;
  readonly cameras: readonly SceneCamera[];
  readonly clips: ClipPlayer;
}

/** A scene on the GPU: what frames, live views and thumbnails are drawn of. */
export class LoadedScene {
  readonly sceneHash: string;
  readonly stage: Scene;
  readonly cameras: readonly SceneCamera[];
  readonly clips: ClipPlayer;
  readonly drawOrder: DrawOrder;
  readonly lights: Lights;
  readonly gpuBytes: number;
  readonly largestTexturePx: number;
  readonly #root: Object3D;
  /** By clip; null where there is none. */
  readonly #extents = new Map<number | null, Extent>();
  readonly #onDispose: (() => void)[] = [];
  #clip: number | null = null;
  #timeSec = 0;
  #posed: string | null = null;
  #shadowsOf: string | null = null;

  /** @param stage an empty scene to draw it in; given back empty by `dispose`. */
  constructor({ sceneHash, root, cameras, clips }: SceneParts, stage: Scene) {
    this.sceneHash = sceneHash;
    this.stage = stage;
    this.cameras = cameras;
    this.clips = clips;
    this.#root = root;
    stage.add(root);
    prepareCulling(root);
    this.pose(clips.choose(null), 0);
    this.lights = new Lights(root);
    this.drawOrder = new DrawOrder(root);
    this.gpuBytes = gpuBytesOf(root);
    this.largestTexturePx = largestTexturePx(root);
  }

  /** Of the clip that it is posed by, over all of that clip's time; measured when it is first asked for. */
  get extent(): Extent {
    const known = this.#extents.get(this.#clip);
    if (known) return known;
    const [clip, timeSec] = [this.#clip, this.#timeSec];
    const extent = measureExtent(this.#root, this.#posesOf(clip));
    this.#extents.set(clip, extent);
    this.pose(clip, timeSec);
    return extent;
  }

  /** Metres around the middle that may hold something: more than measured when a clip moves things. */
  get reach(): number {
    return this.sphere.radius * (this.#clip === null ? 1.01 : 2);
  }

  get sphere(): Sphere {
    return this.extent.sphere;
  }

  get framing(): Framing {
    return this.extent.framing;
  }

  /** @param clip index of a clip; null leaves everything as the file has it. */
  pose(clip: number | null, timeSec: number): void {
    const pose = clip === null ? 'still' : `${clip}@${timeSec}`;
    if (pose === this.#posed) return;
    this.#posed = pose;
    this.#clip = clip;
    this.#timeSec = timeSec;
    this.clips.pose(clip, timeSec);
    this.#root.updateMatrixWorld(true);
  }

  #posesOf(clip: number | null): Poses {
    if (clip === null) return { count: 1, set: () => this.pose(null, 0) };
    const count = PAGE_LIMITS.framedPoses;
    const durationSec = this.clips.list[clip]?.durationSec ?? 0;
    return { count, set: (index) => this.pose(clip, (durationSec * index) / count) };
  }

  /** Renews the shadow maps with the next drawing, unless they are of this pose already. */
  requestShadows(): void {
    if (this.#shadowsOf === this.#posed) return;
    this.#shadowsOf = this.#posed;
    this.lights.renewShadows(this.sphere);
  }

  /** @param free called when the scene is: for what others have made of it. */
  onDispose(free: () => void): void {
    this.#onDispose.push(free);
  }

  /** Frees its GPU memory. */
  dispose(): void {
    for (const free of this.#onDispose.splice(0)) free();
    this.clips.dispose();
    this.lights.dispose();
    this.#root.removeFromParent();
    disposeTree(this.#root);
    this.stage.background = null;
  }
}
