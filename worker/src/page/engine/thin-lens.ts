/**
 * Depth of field. A camera with an aperture is many pinholes in the circle of its lens, which all see the plane in focus in
 * the same place (Cook, Porter and Carpenter 1984, "Distributed ray tracing").
 */
import { FULL_FRAME_HEIGHT_MM } from '@kiln/shared';
import type { PerspectiveCamera } from 'three';
import type { Aperture, Lens } from './camera-placement.ts';

/** The aperture of a lens at this f-stop; none without perspective: parallel rays have no focal length. */
export function apertureOf(lens: Lens, fStop: number, focusDistance: number): Aperture | undefined {
  if (lens.kind !== 'perspective') return undefined;
  const { fovDeg, sensorHeightMm = FULL_FRAME_HEIGHT_MM } = lens;
  const focalLength = sensorHeightMm / 1_000 / (2 * Math.tan((fovDeg * Math.PI) / 360));
  return { radius: focalLength / fStop / 2, focusDistance };
}

/**
 * Where in the unit circle raster sample `index` looks through: Halton's points. The first of many, and an only one, look
 * through the middle.
 */
function lensPoint(index: number): { readonly x: number; readonly y: number } {
  const radius = Math.sqrt(radicalInverse(index, 2));
  const angle = 2 * Math.PI * radicalInverse(index, 3);
  return { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
}

/** Moves a camera to a point of its aperture, and shears what it sees so that the plane in focus stays. */
export function lookThrough(camera: PerspectiveCamera, { radius, focusDistance }: Aperture, index: number): void {
  const { x, y } = lensPoint(index);
  camera.translateX(x * radius);
  camera.translateY(y * radius);
  camera.updateMatrixWorld();
  const { elements } = camera.projectionMatrix;
  elements[8] -= (elements[0] * x * radius) / focusDistance;
  elements[9] -= (elements[5] * y * radius) / focusDistance;
  camera.projectionMatrixInverse.copy(camera.projectionMatrix).invert();
}

/** The digits of `index` behind the point, in reverse order. */
function radicalInverse(index: number, base: number): number {
  let sum = 0;
  for (let [rest, place] = [index, 1 / base]; rest > 0; rest = Math.floor(rest / base), place /= base) {
    sum += (rest % base) * place;
  }
  return sum;
}
