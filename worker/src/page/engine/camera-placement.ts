import type { Quaternion, Vector3 } from 'three';

/** Vertical angle of a perspective camera, or half the height in metres of what an orthographic one sees. */
export type Lens =
  | { readonly kind: 'perspective'; readonly fovDeg: number }
  | { readonly kind: 'orthographic'; readonly halfHeight: number };

/** Where a camera stands and what it takes in. */
export interface CameraPlacement {
  readonly position: Vector3;
  /** Looks along its −z. */
  readonly quaternion: Quaternion;
  readonly lens: Lens;
  /** Distances in metres along the line of sight. */
  readonly near: number;
  readonly far: number;
}
