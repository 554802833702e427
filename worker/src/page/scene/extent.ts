import { Box3, InstancedMesh, Matrix4, Mesh, type Object3D, SkinnedMesh, Sphere, Vector3 } from 'three';
import { PAGE_LIMITS } from '../limits.ts';
import { type Drawable, isDrawable } from './drawable.ts';
import { type Framing, FramingBuilder } from './framing.ts';

export interface Extent {
  /** World-space box of everything that is drawn in the first pose; a cube of one metre when there is nothing. */
  readonly box: Box3;
  /** Around everything in all poses, as is the framing. */
  readonly sphere: Sphere;
  readonly framing: Framing;
  readonly isEmpty: boolean;
}

const isDeformed = (object: Drawable): object is Mesh =>
  object instanceof SkinnedMesh || (object instanceof Mesh && Object.keys(object.geometry.morphAttributes).length > 0);

/** Poses between which a scene moves. */
export interface Poses {
  /** At least 1. */
  readonly count: number;
  /** Poses the scene, its world matrices included. */
  set(index: number): void;
}

/** Measures the scene, skins and morph targets included. Leaves it in the last pose. */
export function measureExtent(root: Object3D, poses: Poses): Extent {
  const drawn: Drawable[] = [];
  root.traverseVisible((object) => {
    if (isDrawable(object)) drawn.push(object);
  });
  // The first pose is measured finely; all others together take as long as that.
  const first = stridesOf(drawn, 1);
  const others = stridesOf(drawn, poses.count - 1);
  const visit = (each: (point: Vector3, pose: number) => void) => {
    for (let pose = 0; pose < poses.count; pose += 1) {
      poses.set(pose);
      const strides = pose === 0 ? first : others;
      for (const object of drawn) {
        const stride = isDeformed(object) ? strides.deformed : strides.rigid;
        visitPoints(object, stride, (point) => {
          if (Number.isFinite(point.x + point.y + point.z)) each(point, pose);
        });
      }
    }
  };
  const box = new Box3();
  const reached = new Box3();
  visit((point, pose) => {
    reached.expandByPoint(point);
    if (pose === 0) box.expandByPoint(point);
  });
  const isEmpty = reached.isEmpty();
  if (isEmpty) reached.set(new Vector3(-0.5, -0.5, -0.5), new Vector3(0.5, 0.5, 0.5));
  if (box.isEmpty()) box.copy(reached);
  const sphere = reached.getBoundingSphere(new Sphere());
  // A single point still needs a distance to be seen from.
  if (sphere.radius === 0) sphere.radius = 0.5;
  const framing = new FramingBuilder(sphere.center, sphere.radius);
  visit((point) => framing.add(point));
  return { box, sphere, framing: framing.build(), isEmpty };
}

const stridesOf = (drawn: readonly Drawable[], poses: number) => ({
  rigid: strideOf(drawn, false, poses),
  deformed: strideOf(drawn, true, poses),
});

/** How many vertices to step over, so that no more than the limit are looked at in `poses` poses. */
function strideOf(drawn: readonly Drawable[], deformed: boolean, poses: number): number {
  let vertices = 0;
  for (const object of drawn) {
    if (isDeformed(object) !== deformed) continue;
    const instances = object instanceof InstancedMesh ? object.count : 1;
    vertices += (object.geometry.getAttribute('position')?.count ?? 0) * instances;
  }
  const limit = deformed ? PAGE_LIMITS.framedDeformedVertices : PAGE_LIMITS.framedVertices;
  return Math.max(1, Math.ceil((vertices * poses) / limit));
}

function visitPoints(object: Drawable, stride: number, each: (point: Vector3) => void): void {
  const positions = object.geometry.getAttribute('position');
  if (!positions) return;
  const point = new Vector3();
  const world = new Matrix4();
  const instance = new Matrix4();
  const instances = object instanceof InstancedMesh ? object.count : 1;
  for (let n = 0; n < instances; n += 1) {
    world.copy(object.matrixWorld);
    if (object instanceof InstancedMesh) {
      object.getMatrixAt(n, instance);
      world.multiply(instance);
    }
    for (let index = (n * 7) % stride; index < positions.count; index += stride) {
      if (isDeformed(object)) object.getVertexPosition(index, point);
      else point.fromBufferAttribute(positions, index);
      each(point.applyMatrix4(world));
    }
  }
}
