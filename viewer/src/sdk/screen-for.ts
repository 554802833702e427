import type { WebGLRenderer } from 'three';
import type { ScreenRenderer } from './remote-screen.ts';
import type { RemoteViewOptions } from './remote-view-types.ts';

/** Shaders of the other kind of renderer are not loaded. */
export async function screenFor(renderer: RemoteViewOptions['renderer']): Promise<ScreenRenderer> {
  if (isWebGL(renderer)) return (await import('./gl-screen.ts')).glScreen(renderer);
  return (await import('./nodes/node-screen.ts')).nodeScreen(renderer);
}

/** By its mark: it may be of another copy of three. */
const isWebGL = (renderer: RemoteViewOptions['renderer']): renderer is WebGLRenderer => 'isWebGLRenderer' in renderer;
