import type { ClipSettings, EditableParts, SceneEdits } from '@kiln/shared';
import { type Material, type Object3D, type Scene, type Sphere, Vector3 } from 'three';
import { PAGE_LIMITS } from '../limits.ts';
import { AppliedEdits } from './applied-edits.ts';
import type { ClipPlayer } from './clip-player.ts';
import { prepareCulling } from './culling.ts';
import { disposeMaterials, disposeTree } from './dispose-tree.ts';
import { DrawOrder } from './draw-order.ts';
import { isDrawable } from './drawable.ts';
import { type Extent, measureExtent, type Poses } from './extent.ts';
import type { Framing } from './framing.ts';
import { gpuBytesOf, largestTexturePx } from './gpu-bytes.ts';
import type { Ground, GroundChoice } from './ground.ts';
import { Lights } from './lights.ts';
import type { SceneCamera } from './scene-camera.ts';
import type { SceneEnvironment } from './scene-environment.ts';
import type { SceneContent } from './scene-files.ts';
import { NO_GRAPH, type SceneGraph } from './scene-graph.ts';
import { poseKey, type Staging, shapeKey } from './staging.ts';

export interface SceneParts {
  /** What it was read from. */
  readonly content: SceneContent;
  readonly root: Object3D;
  readonly cameras: readonly SceneCamera[];
  readonly clips: ClipPlayer;
  /** @defaultValue nothing of it can be changed */
  readonly graph?: SceneGraph;
  readonly editable?: EditableParts;
  /** @defaultValue none */
  readonly environment?: SceneEnvironment | null;
  /** Makes the same anew: of a scene that no files hold. */
  readonly again?: () => SceneParts;
}

const NO_PARTS: EditableParts = { nodes: [], materials: [], cameras: 0, lights: 0 };
const NO_EDITS: SceneEdits = { variant: null, hide: [], show: [], materials: [], pointers: [] };

/** A scene on the GPU: what frames, live views and thumbnails are drawn of. */
export class LoadedScene {
  readonly content: SceneContent;
  readonly stage: Scene;
  readonly cameras: readonly SceneCamera[];
  readonly clips: ClipPlayer;
  readonly editable: EditableParts;
  readonly graph: SceneGraph;
  readonly environment: SceneEnvironment | null;
  readonly again: SceneParts['again'];
  /** The first clip, and nothing changed. */
  readonly plain: Staging;
  /** Of all variants, in the order of the tree. */
  readonly materials: readonly Material[];
  readonly drawOrder: DrawOrder;
  readonly lights: Lights;
  /** Estimated; with what engines have of it beside. */
  gpuBytes: number;
  readonly largestTexturePx: number;
  readonly #root: Object3D;
  readonly #extents = new Map<string, Extent>();
  readonly #onDispose: (() => void)[] = [];
  #staging: Staging;
  #timeSec = 0;
  #posed: string | null = null;
  #shadowsOf: string | null = null;

  /** @param stage an empty scene to draw it in; given back empty by `dispose`. */
  constructor(parts: SceneParts, stage: Scene) {
    const { content, root, cameras, clips, graph = NO_GRAPH, editable = NO_PARTS, environment = null } = parts;
    this.content = content;
    this.stage = stage;
    this.cameras = cameras;
    this.clips = clips;
    this.editable = editable;
    this.environment = environment;
    this.again = parts.again;
    this.#root = root;
    this.graph = graph;
    this.materials = materialsOf(root, graph);
    this.plain = { play: clips.choose(null), edits: new AppliedEdits(graph, NO_EDITS) };
    this.#staging = this.plain;
    stage.add(root);
    prepareCulling(root);
    this.pose(this.plain, 0);
    this.lights = new Lights(root, stage);
    this.drawOrder = new DrawOrder(root, this.materials);
    this.gpuBytes = gpuBytesOf(root, this.materials);
    this.largestTexturePx = largestTexturePx(this.materials);
  }

  /** @throws KilnError `job.unknown_clip`, `job.unsupported` for what the scene has not. */
  staging(clip: string | null, settings: Partial<ClipSettings & SceneEdits>): Staging {
    const { variant, hide, show, materials, pointers } = { ...NO_EDITS, ...settings };
    const edits = new AppliedEdits(this.graph, { variant, hide, show, materials, pointers });
    return { play: this.clips.choose(clip, settings), edits };
  }

  /** The staging of another reading of the same scene, for this one. */
  stagingLike({ play, edits }: Staging): Staging {
    return { play, edits: new AppliedEdits(this.graph, edits.asked) };
  }

  /** Of how it is staged, over all of the time that its clips play; measured when it is first asked for. */
  get extent(): Extent {
    const key = shapeKey(this.#staging);
    const known = this.#extents.get(key);
    if (known) return known;
    const [staging, timeSec] = [this.#staging, this.#timeSec];
    const extent = measureExtent(this.#root, this.#posesOf(staging));
    if (this.#extents.size >= PAGE_LIMITS.keptExtents) this.#extents.clear();
    this.#extents.set(key, extent);
    this.pose(staging, timeSec);
    return extent;
  }

  /** Metres around the middle that may hold something: more than measured when a clip moves things. */
  get reach(): number {
    return this.sphere.radius * (this.#staging.play === null ? 1.01 : 2);
  }

  get sphere(): Sphere {
    return this.extent.sphere;
  }

  get framing(): Framing {
    return this.extent.framing;
  }

  /** Tells whether materials look as they did: with the time where a clip changes them. */
  lookKey({ play, edits }: Staging, timeSec: number): string {
    return this.clips.changesLooks(play) ? poseKey({ play, edits }, timeSec) : edits.lookKey;
  }

  pose(staging: Staging, timeSec: number): void {
    const pose = poseKey(staging, timeSec);
    if (pose === this.#posed) return;
    this.#posed = pose;
    this.#timeSec = timeSec;
    const { edits: before } = this.#staging;
    this.#staging = staging;
    const { play, edits } = staging;
    if (before.key !== edits.key) {
      // Clips keep what they will give back: that must not be what an edit has put there.
      this.clips.rest();
      before.undo();
      edits.apply();
      this.lights.adopt(this.#root);
    } else if (before !== edits) {
      this.#staging = { play, edits: before };
    }
    this.clips.pose(play, timeSec);
    this.#staging.edits.hold();
    this.#root.updateMatrixWorld(true);
  }

  #posesOf(staging: Staging): Poses {
    const { play } = staging;
    if (play === null) return { count: 1, set: () => this.pose(staging, 0) };
    const count = PAGE_LIMITS.framedPoses;
    const spanSec = Math.max(...play.clips.map(({ startSec, endSec }) => endSec - startSec));
    return { count, set: (index) => this.pose(staging, (spanSec * index) / count) };
  }

  /** In metres above the origin. `auto` is the lowest point of its first pose. */
  groundHeight({ heightM }: GroundChoice): number {
    return heightM === 'auto' ? this.extent.box.min.y : heightM;
  }

  /** Ground that shadows fall on as it is posed and lit now; null where none do. */
  ground(choice: GroundChoice): Ground | null {
    const { sphere } = this.extent;
    const height = this.groundHeight(choice);
    const reach = this.lights.shadowReach(sphere, height);
    return reach > 0 ? { middle: new Vector3(sphere.center.x, height, sphere.center.z), reach } : null;
  }

  /**
   * Renews the shadow maps with the next drawing, unless they are of this pose already.
   *
   * @param ground that shadows fall on, beside what is drawn of the scene.
   */
  requestShadows(ground: Ground | null): void {
    const shadows = `${this.#posed} ${this.lights.sun.key} ${ground?.middle.y} ${ground?.reach}`;
    if (this.#shadowsOf === shadows) return;
    this.#shadowsOf = shadows;
    this.lights.renewShadows(this.sphere, ground);
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
    disposeMaterials(this.materials);
    this.stage.background = null;
  }
}

function materialsOf(root: Object3D, { variants }: SceneGraph): Material[] {
  const found = new Set<Material>();
  root.traverse((object) => {
    if (isDrawable(object)) for (const material of [object.material].flat()) found.add(material);
  });
  for (const { material } of variants.flatMap(({ choices }) => choices)) found.add(material);
  return [...found];
}
