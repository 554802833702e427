/** Scenes of a few kilobytes whose pictures are known beforehand. */
import { BoxGeometry } from 'three';
import { GlbBuilder } from '../../../sample/glb-builder.ts';

/** A box that shows `color` (linear RGB, each 0 to 1) wherever it is seen, whatever the light. */
export function boxScene(color: readonly [number, number, number]): Uint8Array {
  const glb = new GlbBuilder();
  const material = glb.material({
    name: 'Paint',
    pbrMetallicRoughness: { baseColorFactor: [...color, 1] },
    extensions: { KHR_materials_unlit: {} },
  });
  const mesh = glb.mesh('Box', new BoxGeometry(1, 1, 1), material);
  return glb.build({ scene: 0, scenes: [{ nodes: [0] }], nodes: [{ name: 'Box', mesh }] });
}
