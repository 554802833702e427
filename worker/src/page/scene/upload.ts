import type { Material, WebGLRenderer } from 'three';
import { isDrawable } from './drawable.ts';
import { texturesOf } from './gpu-bytes.ts';
import type { LoadedScene } from './loaded-scene.ts';

/** Puts a scene's textures on the GPU and frees what the browser holds of them: decoded, they take as much again. */
export function uploadTextures(renderer: WebGLRenderer, scene: LoadedScene): void {
  const materials = new Set<Material>();
  scene.stage.traverse((object) => {
    if (isDrawable(object)) for (const material of [object.material].flat()) materials.add(material);
  });
  const textures = texturesOf([...materials]);
  for (const texture of textures) renderer.initTexture(texture);
  for (const { image } of textures) if (image instanceof ImageBitmap) image.close();
}
