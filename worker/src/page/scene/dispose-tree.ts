import { InstancedMesh, type Material, type Object3D, SkinnedMesh } from 'three';
import { isDrawable } from './drawable.ts';
import { texturesOf } from './gpu-bytes.ts';

/** Frees the GPU memory of everything below `root`: geometries, materials, textures, skeletons, instances. */
export function disposeTree(root: Object3D): void {
  root.traverse((object) => {
    if (!isDrawable(object)) return;
    object.geometry.dispose();
    if (object instanceof SkinnedMesh) object.skeleton.dispose();
    if (object instanceof InstancedMesh) object.dispose();
    disposeMaterials([object.material].flat());
  });
}

/** Also those that nothing has now. */
export function disposeMaterials(materials: readonly Material[]): void {
  for (const texture of texturesOf(materials)) {
    texture.dispose();
    if (texture.image instanceof ImageBitmap) texture.image.close();
  }
  for (const material of materials) material.dispose();
}
