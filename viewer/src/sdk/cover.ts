import { BufferAttribute, BufferGeometry, Mesh } from 'three';
import type { ScreenRenderer } from './remote-screen.ts';

/**
 * A triangle over all of the view. Drawn with another material than its own it has no size.
 *
 * @param isSeenBy whether a camera is the one for which the screen is drawn.
 */
export function createCover(screen: ScreenRenderer, isSeenBy: (camera: unknown) => boolean): Mesh {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(new Float32Array(9), 3));
  geometry.setAttribute('corner', new BufferAttribute(new Float32Array([-1, -1, 3, -1, -1, 3]), 2));
  const mesh = new Mesh(geometry, screen.material);
  mesh.name = 'Kiln remote view';
  mesh.visible = false;
  mesh.frustumCulled = false;
  // Before all that is transparent: that may stand before it.
  mesh.renderOrder = Number.MIN_SAFE_INTEGER;
  mesh.raycast = () => {};
  mesh.onBeforeRender = (_renderer, _scene, camera) => screen.seenBy(isSeenBy(camera));
  return mesh;
}
