import { Box3, InstancedMesh, Matrix4, Mesh, type Object3D, SkinnedMesh, Sphere, Vector3 } from 'three';
import { PAGE_LIMITS } from '../limits.ts';
import { type Drawable, isDrawable } from './drawable.ts';
import { type Framing, FramingBuilder } from './framing.ts';

export interface Extent {
  /** World-space box of everything that is drawn; a cube of one metre when there is nothing. */
  readonly box: Box3;
  readonly sphere: Sphere;
  readonly framing: Framing;
  readonly isEmpty: boolean;
}

const isDeformed = (object: Drawable): object is Mesh =>
  object instanceof SkinnedMesh || (object instanceof Mesh && Object.keys(object.geometry.morphAttributes).length > 0);

/** Measures the scene in its present pose, skins and morph targets included; world matrices must be up to date. */
export function measureExtent(root: Object3D): Extent {
  const drawn: Drawable[] = [];
  root.traverseVisible((object) => {
    if (isDrawable(object)) drawn.push(object);
  });
  const strides = { rigid: strideOf(drawn, false), deformed: strideOf(drawn, true) };
  const visit = (each: (point: Vector3) => void) => {
    for (const object of drawn) visitPoints(object, isDeformed(object) ? strides.deformed : strides.rigid, each);
  };
  const box = new Box3();
  visit((point) => {
    if (Number.isFinite(point.x + point.y + point.z)) box.expandByPoint(point);
  });
  const isEmpty = box.isEmpty();
  if (isEmpty) box.set(new Vector3(-0.5, -0.5, -0.5), new Vector3(0.5, 0.5, 0.5));
  const sphere = box.getBoundingSphere(new Sphere());
  // A single point still needs a distance to be seen from.
  if (sphere.radius === 0) sphere.radius = 0.5;
  const framing = new FramingBuilder(sphere.center, sphere.radius);
  visit((point) => framing.add(point));
  return { box, sphere, framing: framing.build(), isEmpty };
}

/** How many vertices to step over, so that no more than the limit are looked at. */
function strideOf(drawn: readonly Drawable[], deformed: boolean): number {
  let vertices = 0;
  for (const object of drawn) {
    if (isDeformed(object) !== deformed) continue;
    const instances = object instanceof InstancedMesh ? object.count : 1;
    vertices += (object.geometry.getAttribute('position')?.count ?? 0) * instances;
  }
  const limit = deformed ? PAGE_LIMITS.framedDeformedVertices : PAGE_LIMITS.framedVertices;
  return Math.max(1, Math.ceil(vertices / limit));
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
