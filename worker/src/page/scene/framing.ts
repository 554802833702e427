/** The automatic camera: the whole scene from three quarters, slightly above, as large as the picture allows. */
import type { ExplicitCamera, Vector3 as Triple } from '@kiln/shared';
import { Vector3 } from 'three';

const AZIMUTH_DEG = 32;
const ELEVATION_DEG = 16;
const FOV_DEG = 30;
/** Part of the picture's width or height that the scene may take. */
const FILL = 0.86;
/** Columns and rows in which the outline is kept: its error is a part of this many of the scene's width. */
const BUCKETS = 512;

const radians = Math.PI / 180;
/** From the scene to the camera. */
const BACK = new Vector3().setFromSphericalCoords(1, (90 - ELEVATION_DEG) * radians, AZIMUTH_DEG * radians);
const RIGHT = new Vector3(0, 1, 0).cross(BACK).normalize();
const UP = BACK.clone().cross(RIGHT);

/** Of each column and each row of the view, the point that is nearest to the camera: they decide how close it may go. */
export interface Framing {
  readonly columns: readonly (readonly [across: number, toCamera: number])[];
  readonly rows: readonly (readonly [across: number, toCamera: number])[];
  /** Middle of the scene. */
  readonly center: Triple;
  readonly radius: number;
}

/** Collects the outline of a scene whose box is known. */
export class FramingBuilder {
  readonly #columns: Outline;
  readonly #rows: Outline;
  readonly #center: Vector3;
  readonly #radius: number;

  constructor(center: Vector3, radius: number) {
    this.#center = center.clone();
    this.#radius = Math.max(radius, Number.MIN_VALUE);
    this.#columns = new Outline(center.dot(RIGHT), radius);
    this.#rows = new Outline(center.dot(UP), radius);
  }

  add(point: Vector3): void {
    const toCamera = point.dot(BACK);
    this.#columns.add(point.dot(RIGHT), toCamera);
    this.#rows.add(point.dot(UP), toCamera);
  }

  build(): Framing {
    const center = this.#center.toArray();
    return { columns: this.#columns.points(), rows: this.#rows.points(), center, radius: this.#radius };
  }
}

class Outline {
  readonly #from: number;
  readonly #scale: number;
  readonly #across = new Float64Array(BUCKETS);
  readonly #toCamera = new Float64Array(BUCKETS).fill(Number.NEGATIVE_INFINITY);

  constructor(middle: number, radius: number) {
    this.#from = middle - radius;
    this.#scale = radius > 0 ? BUCKETS / (2 * radius) : 0;
  }

  add(across: number, toCamera: number): void {
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.floor((across - this.#from) * this.#scale)));
    if (!(toCamera > (this.#toCamera[bucket] ?? 0))) return;
    this.#toCamera[bucket] = toCamera;
    this.#across[bucket] = across;
  }

  points(): [number, number][] {
    const found: [number, number][] = [];
    for (const [bucket, toCamera] of this.#toCamera.entries()) {
      if (toCamera > Number.NEGATIVE_INFINITY) found.push([this.#across[bucket] ?? 0, toCamera]);
    }
    return found;
  }
}

/** The nearest camera that sees all of the scene in a picture of this aspect (width ÷ height). */
export function framingCamera(framing: Framing, aspect: number): ExplicitCamera {
  const center = new Vector3(...framing.center);
  const tangent = Math.tan((FOV_DEG / 2) * radians) * FILL;
  const horizontal = fit(framing.columns, tangent * aspect, center.dot(RIGHT), center.dot(BACK));
  const vertical = fit(framing.rows, tangent, center.dot(UP), center.dot(BACK));
  const inFront = center.dot(BACK) + framing.radius * 0.2;
  const distance = Math.max(horizontal.distance, vertical.distance, inFront);
  const at = (toCamera: number): Triple =>
    new Vector3()
      .addScaledVector(RIGHT, horizontal.middle)
      .addScaledVector(UP, vertical.middle)
      .addScaledVector(BACK, toCamera)
      .toArray();
  return { position: at(distance), target: at(center.dot(BACK)), fovDeg: FOV_DEG };
}

/** A camera from the same side that sees all of the scene, however either is turned about the middle. */
export function turntableCamera({ center, radius }: Framing, aspect: number): ExplicitCamera {
  const halfAngle = Math.atan(Math.tan((FOV_DEG / 2) * radians) * FILL * Math.min(1, aspect));
  const position = new Vector3(...center).addScaledVector(BACK, radius / Math.sin(halfAngle)).toArray();
  return { position, target: center, fovDeg: FOV_DEG };
}

/**
 * Two lines of sight of slope ±`tangent` just touch the outline; the camera is where they meet.
 */
function fit(points: Framing['columns'], tangent: number, middle: number, toCamera: number) {
  if (points.length === 0) return { middle, distance: toCamera };
  let [right, left] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [across, near] of points) {
    right = Math.max(right, across + near * tangent);
    left = Math.max(left, -across + near * tangent);
  }
  return { middle: (right - left) / 2, distance: (right + left) / (2 * tangent) };
}
