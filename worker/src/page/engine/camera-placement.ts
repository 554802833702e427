import type { Quaternion, Vector3 } from 'three';

/** Vertical angle of a perspective camera, or half the height in metres of what an orthographic one sees. */
export type Lens =
  | { readonly kind: 'perspective'; readonly fovDeg: number; readonly sensorHeightMm?: number }
  | { readonly kind: 'orthographic'; readonly halfHeight: number };

/** Radius of the circle that a camera looks through, and the distance of the plane in focus along its axis; metres. */
export interface Aperture {
  readonly radius: number;
  readonly focusDistance: number;
}

/** Where a camera stands and what it takes in. */
export interface CameraPlacement {
  readonly position: Vector3;
  /** Looks along its −z. */
  readonly quaternion: Quaternion;
  readonly lens: Lens;
  /** Of a pinhole there is none. */
  readonly aperture?: Aperture;
  /** Distances in metres along the line of sight. */
  readonly near: number;
  readonly far: number;
}
