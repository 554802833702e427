import { Object3D, OrthographicCamera, PerspectiveCamera } from 'three';
import { expect, test } from 'vitest';
import { cameraView, faultOf, placeCamera } from '../../src/sdk/camera-pose.ts';

const cameraAt = (x: number, y: number, z: number): PerspectiveCamera => {
  const camera = new PerspectiveCamera(40, 2, 0.1, 100);
  camera.position.set(x, y, z);
  return camera;
};

test('a camera is as it stands in the world of the remote scene', () => {
  const parent = new Object3D();
  parent.position.set(0, 1, 0);
  const camera = cameraAt(1, 2, 3);
  parent.add(camera);
  const { pose, aspect, scale } = cameraView(camera, new Object3D());
  expect(pose).toEqual({ position: [1, 3, 3], quaternion: [0, 0, 0, 1], fovDeg: expect.closeTo(40) });
  expect([aspect, scale]).toEqual([expect.closeTo(2), 1]);
});

test('a remote scene that is moved, turned and scaled is seen from the other way round', () => {
  const object = new Object3D();
  object.position.set(10, 0, 0);
  object.rotation.y = Math.PI / 2;
  object.scale.setScalar(2);
  const { pose, scale } = cameraView(cameraAt(10, 0, 6), object);
  expect(pose.position).toEqual([expect.closeTo(-3), expect.closeTo(0), expect.closeTo(0)]);
  expect(pose.quaternion[1]).toBeCloseTo(-Math.SQRT1_2);
  expect(scale).toBeCloseTo(2);
});

test('the zoom of a camera is part of its field of view', () => {
  const camera = cameraAt(0, 0, 0);
  camera.zoom = 2;
  camera.updateProjectionMatrix();
  const { pose } = cameraView(camera, new Object3D());
  expect(Math.tan((pose.fovDeg * Math.PI) / 360)).toBeCloseTo(Math.tan((40 * Math.PI) / 360) / 2);
});

test('a camera that is put where another one was seen sees the same, wherever both scenes stand', () => {
  const object = new Object3D();
  object.position.set(10, -2, 1);
  object.rotation.set(0.3, Math.PI / 2, 0.1);
  object.scale.setScalar(2);
  const before = cameraAt(8, 1, 6);
  before.rotation.set(-0.2, 0.5, 0.1);
  const { pose } = cameraView(before, object);
  const rig = new Object3D();
  rig.position.set(3, 4, 5);
  rig.rotation.y = 1;
  const camera = cameraAt(0, 0, 0);
  camera.zoom = 1.5;
  rig.add(camera);
  placeCamera(camera, object, pose);
  const after = cameraView(camera, object).pose;
  expect(after.fovDeg).toBeCloseTo(pose.fovDeg);
  for (const i of [0, 1, 2] as const) expect(after.position[i]).toBeCloseTo(pose.position[i]);
  // A quaternion and its negative are one turn.
  const dot = after.quaternion.reduce((sum, part, i) => sum + part * (pose.quaternion[i] ?? 0), 0);
  expect(Math.abs(dot)).toBeCloseTo(1);
});

test.each<[string, (camera: PerspectiveCamera, object: Object3D) => void]>([
  ['stands at NaN', (camera) => camera.position.setX(Number.NaN)],
  ['stands at', (camera) => camera.position.setX(Number.POSITIVE_INFINITY)],
  ['stands at 2000000000000000000, 0, 0', (camera) => camera.position.setX(2e18)],
  ['', (camera) => camera.quaternion.set(Number.NaN, 0, 0, 1)],
  ['sees 180 degrees', (camera) => set(camera, { fov: 180 })],
  ['sees NaN degrees', (camera) => set(camera, { fov: Number.NaN })],
  ['aspect is NaN', (camera) => set(camera, { aspect: 1 / 0 })],
  ['aspect is NaN', (camera) => set(camera, { aspect: 0 / 0 })],
  ['', (_, object) => object.position.setX(Number.NaN)],
])('a camera from which nothing can be seen says what is wrong: %s', (says, spoil) => {
  const [camera, object] = [cameraAt(0, 0, 0), new Object3D()];
  expect(faultOf(cameraView(camera, object))).toBeNull();
  spoil(camera, object);
  expect(faultOf(cameraView(camera, object))).toContain(says);
});

function set(camera: PerspectiveCamera, what: Partial<Pick<PerspectiveCamera, 'fov' | 'aspect'>>): void {
  Object.assign(camera, what);
  camera.updateProjectionMatrix();
}

test('what no farm draws for is refused', () => {
  const stretched = new Object3D();
  stretched.scale.set(1, 2, 1);
  expect(() => cameraView(cameraAt(0, 0, 0), stretched)).toThrow('scaled alike');
  const shifted = cameraAt(0, 0, 0);
  shifted.setViewOffset(200, 100, 50, 0, 100, 50);
  expect(() => cameraView(shifted, new Object3D())).toThrow('setViewOffset');
  const flat: unknown = new OrthographicCamera();
  expect(() => cameraView(flat as PerspectiveCamera, new Object3D())).toThrow('PerspectiveCamera');
});
