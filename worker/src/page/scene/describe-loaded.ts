import type { Vector3 as Triple } from '@kiln/shared';
import { Quaternion, Vector3 } from 'three';
import type { LoadResult } from '../contract.ts';
import { framingCamera } from './framing.ts';
import type { LoadedScene } from './loaded-scene.ts';

/** Aspect of the picture that the described automatic camera fits; a frame's own fits the frame. */
const DESCRIBED_ASPECT = 16 / 9;

/** What the viewer must know to place its camera. Scene cameras are described at frame 0. */
export function describeLoaded(scene: LoadedScene): Omit<LoadResult, 'loadedNow' | 'load'> {
  const { box, sphere } = scene.extent;
  scene.pose(scene.clips.choose(null), 0);
  const cameras = scene.cameras.map(({ name, camera, lens }) => {
    const position = new Vector3();
    const quaternion = new Quaternion();
    camera.updateWorldMatrix(true, false);
    camera.matrixWorld.decompose(position, quaternion, new Vector3());
    // What it turns around: the point of its line of sight beside the scene's middle.
    const ahead = new Vector3(0, 0, -1).applyQuaternion(quaternion);
    const along = ahead.dot(sphere.center.clone().sub(position));
    const distance = along > 0 ? along : sphere.radius;
    const target = position.clone().addScaledVector(ahead, distance);
    const fovDeg = lens.kind === 'perspective' ? lens.fovDeg : perspectiveFov(lens.halfHeight, distance);
    return { name, position: triple(position), target: triple(target), fovDeg };
  });
  return {
    bounds: { min: triple(box.min), max: triple(box.max) },
    autoCamera: framingCamera(scene.framing, DESCRIBED_ASPECT),
    cameras,
    gpuBytes: scene.gpuBytes,
  };
}

/** A perspective that shows as much at this distance; the viewer has no orthographic camera. */
const perspectiveFov = (halfHeight: number, distance: number) => (2 * Math.atan(halfHeight / distance) * 180) / Math.PI;

const triple = ({ x, y, z }: Vector3): Triple => [x, y, z];
