import type { WebGLRenderer } from 'three';
import type { ScreenRenderer } from './remote-screen.ts';
import type { RemoteViewOptions } from './remote-view-types.ts';

/**
 * Shaders of the other kind of renderer are not loaded.
 *
 * @throws Error for a renderer that is neither of WebGL2 nor of WebGPU, and for one of WebGPU that is not initialised.
 */
export async function screenFor(renderer: RemoteViewOptions['renderer']): Promise<ScreenRenderer> {
  if (isWebGL(renderer)) return (await import('./gl-screen.ts')).glScreen(renderer);
  if (!('isWebGPURenderer' in renderer)) throw new Error('a remote view takes a WebGLRenderer or a WebGPURenderer');
  if (!renderer.initialized) {
    throw new Error('a remote view takes a WebGPURenderer that is initialised: `await renderer.init()` first');
  }
  return (await import('./nodes/node-screen.ts')).nodeScreen(renderer);
}

/** By its mark: it may be of another copy of three. */
const isWebGL = (renderer: RemoteViewOptions['renderer']): renderer is WebGLRenderer => 'isWebGLRenderer' in renderer;
