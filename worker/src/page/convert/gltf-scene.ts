import {
  type AnimationClip,
  BatchedMesh,
  Box3,
  BufferGeometry,
  Group,
  Line,
  LOD,
  type Material,
  Matrix4,
  Mesh,
  type Object3D,
  Points,
  Scene,
  SkinnedMesh,
  Sphere,
  Sprite,
  Texture,
} from 'three';
import { refuse } from '../import/refuse.ts';
import type { Findings } from './findings.ts';
import { makeClips } from './gltf-clips.ts';
import { GltfGeometries } from './gltf-geometry.ts';
import { makeLights } from './gltf-lights.ts';
import { GltfMaterials } from './gltf-materials.ts';
import { nameOf } from './name-of.ts';
import type { ReadScene } from './read-scene.ts';
import type { SceneImages } from './scene-images.ts';

type Drawable = Mesh | Line | Points;

const isDrawable = (object: Object3D): object is Drawable =>
  object instanceof Mesh || object instanceof Line || object instanceof Points;

/**
 * A scene in metres, y up, in which there is nothing that three's exporter would leave out or write wrong. What had to
 * change is said in `findings`.
 *
 * @param path of the file, for errors.
 * @throws KilnError `scene.invalid` when there is nothing to draw.
 */
export async function makeGltfScene(
  read: ReadScene,
  images: SceneImages,
  findings: Findings,
  path: string,
): Promise<{ scene: Scene; clips: AnimationClip[] }> {
  const scene = new Scene();
  const placed = placedRoot(read);
  scene.add(placed);
  for (const bone of looseBones(placed)) placed.add(bone);
  noteSettings(read.root, findings);
  // Before anything is taken out: clips bind by name to whatever three binds them to.
  const clips = makeClips(read.root, read.clips, findings);
  takeOut(placed, findings);
  flattenMatrices(placed, findings);
  const drawables: Drawable[] = [];
  placed.traverse((object) => {
    object.userData = {};
    if (isDrawable(object)) drawables.push(object);
  });
  const [materials, geometries] = [new GltfMaterials(images, findings), new GltfGeometries()];
  let drawn = 0;
  for (const object of drawables) {
    const geometry = geometries.make(object, nameOf(object));
    if (!geometry) {
      // Its children stay.
      object.geometry = new BufferGeometry();
      continue;
    }
    drawn += 1;
    const { material } = object;
    object.geometry = geometry;
    object.material = Array.isArray(material)
      ? await Promise.all(material.map((one: Material) => materials.make(one)))
      : await materials.make(material);
    if (object instanceof SkinnedMesh && geometry.hasAttribute('skinWeight')) object.normalizeSkinWeights();
  }
  if (drawn === 0) {
    const message = `${path} holds nothing to draw: no meshes, lines or points. Export it with its geometry.`;
    throw refuse('scene.invalid', message, path);
  }
  scene.updateMatrixWorld(true);
  const around = new Box3().setFromObject(placed).getBoundingSphere(new Sphere());
  makeLights(placed, { around, isUnitless: read.hasUnitlessLights ?? false }, findings);
  return { scene, clips };
}

/** The root, turned and scaled by objects around it, so that clips may move it. */
function placedRoot({ root, metresPerUnit, upAxis, isTurned }: ReadScene): Object3D {
  const placed = new Group();
  placed.scale.setScalar(metresPerUnit);
  if (!isTurned && upAxis === 'z') placed.rotation.x = -Math.PI / 2;
  if (!isTurned && upAxis === 'x') placed.rotation.z = Math.PI / 2;
  placed.add(root);
  return placed;
}

/** Roots of bones that skins use and that are nowhere in the scene. */
function looseBones(root: Object3D): Set<Object3D> {
  const loose = new Set<Object3D>();
  root.traverse((object) => {
    if (!(object instanceof SkinnedMesh)) return;
    for (const bone of object.skeleton?.bones ?? []) {
      let top: Object3D = bone;
      for (top.visible = true; top.parent && top !== root; ) top = top.parent;
      if (top !== root && !(top instanceof Scene)) loose.add(top);
    }
  });
  return loose;
}

/** What belongs to a scene as a whole. */
function noteSettings(root: Object3D, findings: Findings): void {
  if (!(root instanceof Scene)) return;
  const has = [
    [root.background !== null, 'background'],
    [root.environment !== null, 'environment, which lights it'],
    [root.fog !== null, 'fog'],
    [root.overrideMaterial !== null, 'override material'],
  ] as const;
  for (const [isThere, what] of has) {
    if (!isThere) continue;
    findings.add('warning', 'SETTING_LOST', `glTF cannot carry the scene's ${what}: choose it in the job.`);
  }
  if (root.background instanceof Texture) root.background = null;
}

/** Takes out what glTF has no place for, and what is not seen. */
function takeOut(root: Object3D, findings: Findings): void {
  const out = new Map<Object3D, string | null>();
  let hidden = 0;
  root.traverse((object) => {
    if (object instanceof LOD) {
      for (const { object: level } of object.levels.slice(1)) out.set(level, null);
      for (const { object: level } of object.levels.slice(0, 1)) level.visible = true;
      findings.add('information', 'LEVELS_LEFT_OUT', `Of ${nameOf(object)} only the finest level of detail is drawn.`);
    } else if (object instanceof Sprite) out.set(object, 'sprites');
    else if (object instanceof BatchedMesh) out.set(object, 'batched meshes');
    if (object.visible || out.has(object)) return;
    out.set(object, null);
    hidden += 1;
  });
  for (const [object, kind] of out) {
    object.removeFromParent();
    if (kind === null) continue;
    findings.add('warning', 'OBJECT_LOST', `glTF has no ${kind}: ${nameOf(object)} is left out.`, object.name || null);
  }
  if (hidden > 0) {
    const message = `${hidden} hidden objects are left out, with what is below them.`;
    findings.add('information', 'HIDDEN_LEFT_OUT', message);
  }
}

/** glTF's nodes have position, rotation and scale: a matrix that shears has no place. */
function flattenMatrices(root: Object3D, findings: Findings): void {
  const composed = new Matrix4();
  root.traverse((object) => {
    if (object.matrixAutoUpdate) return;
    object.matrix.decompose(object.position, object.quaternion, object.scale);
    object.matrixAutoUpdate = true;
    composed.compose(object.position, object.quaternion, object.scale);
    const size = Math.max(...object.matrix.elements.map(Math.abs));
    const isSheared = composed.elements.some(
      (value, i) => Math.abs(value - (object.matrix.elements[i] ?? 0)) > 1e-4 * size,
    );
    if (!isSheared) return;
    findings.add('warning', 'SHEAR_LOST', `glTF cannot carry that ${nameOf(object)} is sheared.`, object.name || null);
  });
}
