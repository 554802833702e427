/** Runs in the browser: a host without anything of its own, whose camera stands where the pictures were seen from. */
import type { Pose, Size } from '@kiln/shared';
import { PerspectiveCamera, Scene, WebGLRenderer, WebGPUCoordinateSystem } from 'three';
import { WebGPURenderer } from 'three/webgpu';
import type { PictureMeasure } from '../../src/live/measurements.ts';
import { openRemoteView } from '../../src/sdk/remote-view.ts';
import { mostApart } from '../live/most-apart.ts';

export type Draws = 'WebGL' | 'nodes, WebGPU' | 'nodes, WebGL';

declare global {
  interface Window {
    tiles?: {
      readonly measures: readonly PictureMeasure[];
      readonly errors: readonly string[];
      /** How far what is shown is from a PNG, at most: of any channel of any pixel, 0 to 255. */
      apartFrom(png: string): Promise<number>;
    };
    /** @returns what really draws. */
    openTiles?: (draws: Draws, sceneId: string, pose: Pose, size: Size) => Promise<Draws>;
  }
}

async function rendererFor(draws: Draws): Promise<{ renderer: WebGLRenderer | WebGPURenderer; found: Draws }> {
  if (draws === 'WebGL') return { renderer: new WebGLRenderer(), found: draws };
  const renderer = new WebGPURenderer({ forceWebGL: draws === 'nodes, WebGL' });
  await renderer.init();
  return { renderer, found: renderer.coordinateSystem === WebGPUCoordinateSystem ? 'nodes, WebGPU' : 'nodes, WebGL' };
}

window.openTiles = async (draws, sceneId, pose, { widthPx, heightPx }) => {
  const { renderer, found } = await rendererFor(draws);
  renderer.setSize(widthPx, heightPx);
  document.body.append(renderer.domElement);
  const scene = new Scene();
  const camera = new PerspectiveCamera(pose.fovDeg, widthPx / heightPx, 0.1, 100);
  camera.position.fromArray(pose.position);
  camera.quaternion.fromArray(pose.quaternion);
  const view = await openRemoteView({ renderer, sceneId, look: { samples: 4, background: 'neutral' } });
  scene.add(view.object);
  const measures: PictureMeasure[] = [];
  const errors: string[] = [];
  view.on('measure', (measure) => measures.push(measure));
  view.on('error', ({ code, message }) => errors.push(`${code}: ${message}`));
  const copy = new OffscreenCanvas(widthPx, heightPx).getContext('2d', { willReadFrequently: true });
  if (!copy) throw new Error('no canvas');
  renderer.setAnimationLoop(() => {
    view.update(camera);
    renderer.render(scene, camera);
    // A canvas can be read until it is shown.
    copy.drawImage(renderer.domElement, 0, 0);
  });
  const apartFrom = async (png: string) => {
    const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
    const wanted = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none' });
    const other = new OffscreenCanvas(widthPx, heightPx).getContext('2d');
    if (!other) throw new Error('no canvas');
    other.drawImage(wanted, 0, 0);
    const pixelsOf = (context: OffscreenCanvasRenderingContext2D) => context.getImageData(0, 0, widthPx, heightPx).data;
    return mostApart(pixelsOf(copy), pixelsOf(other));
  };
  window.tiles = { measures, errors, apartFrom };
  return found;
};
