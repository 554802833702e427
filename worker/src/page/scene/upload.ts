import type { WebGLRenderer } from 'three';
import { texturesOf } from './gpu-bytes.ts';
import type { LoadedScene } from './loaded-scene.ts';

/** Puts a scene's textures on the GPU and frees what the browser holds of them: decoded, they take as much again. */
export function uploadTextures(renderer: WebGLRenderer, scene: LoadedScene): void {
  const textures = texturesOf(scene.materials);
  for (const texture of textures) renderer.initTexture(texture);
  for (const { image } of textures) if (image instanceof ImageBitmap) image.close();
}
