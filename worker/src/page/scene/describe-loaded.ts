import type { Pose, Vector3 as Triple } from '@kiln/shared';
import { Quaternion, type Sphere, Vector3 } from 'three';
import type { LoadResult } from '../contract.ts';
import type { CameraPlacement, Lens } from '../engine/camera-placement.ts';
import { framingCamera } from './framing.ts';
import type { LoadedScene } from './loaded-scene.ts';

/** Aspect of the picture that the described automatic camera fits; a frame's own fits the frame. */
const DESCRIBED_ASPECT = 16 / 9;

/** What the viewer must know to place its camera. Scene cameras are described at frame 0. */
export function describeLoaded(scene: LoadedScene): Omit<LoadResult, 'loadedNow' | 'load'> {
  scene.pose(scene.plain, 0);
  const { box, sphere } = scene.extent;
  const cameras = scene.cameras.map(({ name, camera, lens }) => {
    const position = new Vector3();
    const quaternion = new Quaternion();
    camera.updateWorldMatrix(true, false);
    camera.matrixWorld.decompose(position, quaternion, new Vector3());
    const { ahead, distance } = viewOf(position, quaternion, sphere);
    const target = position.clone().addScaledVector(ahead, distance);
    return { name, position: triple(position), target: triple(target), fovDeg: fovOf(lens, distance) };
  });
  return {
    bounds: { min: triple(box.min), max: triple(box.max) },
    autoCamera: framingCamera(scene.framing, DESCRIBED_ASPECT),
    cameras,
    clips: scene.clips.list,
    variants: scene.graph.variants.map(({ name }) => name),
    nodes: shown(scene.editable.nodes),
    materials: shown(scene.editable.materials.map(({ name }) => name)),
    gpuBytes: scene.gpuBytes,
  };
}

/** What is not shown has no name. */
const shown = (names: readonly string[]) => names.filter((name) => name !== '');

/** A placed camera as the viewer takes it over. */
export function poseOf({ position, quaternion, lens }: CameraPlacement, { sphere }: LoadedScene): Pose {
  const { x, y, z, w } = quaternion;
  const { distance } = viewOf(position, quaternion, sphere);
  return { position: triple(position), quaternion: [x, y, z, w], fovDeg: fovOf(lens, distance) };
}

/** How far away the camera's subject is: the point of its line of sight beside the scene's middle. */
function viewOf(position: Vector3, quaternion: Quaternion, { center, radius }: Sphere) {
  const ahead = new Vector3(0, 0, -1).applyQuaternion(quaternion);
  const along = ahead.dot(center.clone().sub(position));
  return { ahead, distance: along > 0 ? along : radius };
}

/** Of an orthographic lens that of a perspective that shows as much at this distance; the viewer has no other. */
const fovOf = (lens: Lens, distance: number) =>
  lens.kind === 'perspective' ? lens.fovDeg : (2 * Math.atan(lens.halfHeight / distance) * 180) / Math.PI;

const triple = ({ x, y, z }: Vector3): Triple => [x, y, z];
