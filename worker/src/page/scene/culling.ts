import { Box3, type BufferGeometry, InstancedMesh, type Object3D, SkinnedMesh, Sphere, Vector3 } from 'three';
import { type Drawable, isDrawable } from './drawable.ts';

/**
 * three scales a sphere by the longest column of the world matrix. Where turned things are stretched, that is less than
 * the matrix stretches: the root of the sum of the three columns' squares, √3 times the longest, is never less.
 */
const ASKEW = Math.sqrt(3);

/**
 * What three leaves out of a picture because it is out of view. three asks bounding spheres that the loader takes from
 * the file, where they may be wrong, and that skins get in the pose of their first picture: a character that walks away
 * would vanish. So things of one shape get the sphere of their real vertices, and all others are always drawn.
 */
export function prepareCulling(root: Object3D): void {
  const measured = new Map<BufferGeometry, boolean>();
  root.traverse((object) => {
    if (!isDrawable(object)) return;
    if (changesShape(object)) {
      object.frustumCulled = false;
      return;
    }
    const { geometry } = object;
    const isKnown = measured.get(geometry) ?? measure(geometry);
    measured.set(geometry, isKnown);
    object.frustumCulled = isKnown;
  });
}

const changesShape = (object: Drawable) =>
  object instanceof SkinnedMesh ||
  object instanceof InstancedMesh ||
  Object.keys(object.geometry.morphAttributes).length > 0;

/** @returns false when no vertex is anywhere. */
function measure(geometry: BufferGeometry): boolean {
  const positions = geometry.getAttribute('position');
  if (!positions) return false;
  const point = new Vector3();
  const each = (visit: () => void) => {
    for (let index = 0; index < positions.count; index += 1) {
      point.fromBufferAttribute(positions, index);
      if (Number.isFinite(point.x + point.y + point.z)) visit();
    }
  };
  const box = new Box3();
  each(() => box.expandByPoint(point));
  if (box.isEmpty()) return false;
  const sphere = new Sphere(box.getCenter(new Vector3()), 0);
  each(() => {
    sphere.radius = Math.max(sphere.radius, sphere.center.distanceTo(point));
  });
  sphere.radius *= ASKEW;
  geometry.boundingSphere = sphere;
  return true;
}
