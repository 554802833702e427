import type { Camera } from 'three';
import type { Lens } from '../engine/camera-placement.ts';

/** A camera of the scene. */
export interface SceneCamera {
  readonly name: string;
  readonly camera: Camera;
  /** A clip may change it. */
  lens: Lens;
  /** Planes as the file has them, metres. */
  readonly range: { readonly near: number; readonly far: number };
}
