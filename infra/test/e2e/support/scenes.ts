/** Scenes of a few kilobytes whose pictures are known beforehand. */
import { BoxGeometry, PlaneGeometry } from 'three';
import { GlbBuilder } from '../../../sample/glb-builder.ts';

type Color = readonly [red: number, green: number, blue: number];

/** Shows its colour (linear, each 0 to 1) wherever it is seen, whatever the light. */
const paint = (glb: GlbBuilder, color: Color): number =>
  glb.material({ pbrMetallicRoughness: { baseColorFactor: [...color, 1] }, extensions: { KHR_materials_unlit: {} } });

/** A box of one colour. */
export function boxScene(color: Color): Uint8Array {
  const glb = new GlbBuilder();
  const mesh = glb.mesh('Box', new BoxGeometry(1, 1, 1), paint(glb, color));
  return glb.build({ scene: 0, scenes: [{ nodes: [0] }], nodes: [{ name: 'Box', mesh }] });
}

const HALF = Math.SQRT1_2;
/** Upright sides of a cube: where each lies, and how a plane that faces +z is turned (quaternion) to face outwards. */
const SIDES = [
  { name: 'Front', color: [1, 0, 0], translation: [0, 0, 0.5], rotation: [0, 0, 0, 1] },
  { name: 'Right', color: [1, 0, 0], translation: [0.5, 0, 0], rotation: [0, HALF, 0, HALF] },
  { name: 'Back', color: [0, 0, 1], translation: [0, 0, -0.5], rotation: [0, 1, 0, 0] },
  { name: 'Left', color: [0, 0, 1], translation: [-0.5, 0, 0], rotation: [0, -HALF, 0, HALF] },
] as const;

/** Four sides of a cube: red to the front and the right, blue to the back and the left. */
export function twoSidedScene(): Uint8Array {
  const glb = new GlbBuilder();
  const nodes = SIDES.map(({ color, ...node }) => ({
    ...node,
    mesh: glb.mesh(node.name, new PlaneGeometry(1, 1), paint(glb, color)),
  }));
  return glb.build({ scene: 0, scenes: [{ nodes: [...nodes.keys()] }], nodes });
}

/** A GLB's two parts as files of a `.gltf`: its JSON, and the buffer that it then names `uri`. */
export function asGltf(glb: Uint8Array, uri: string): { readonly json: string; readonly bin: Uint8Array } {
  const view = new DataView(glb.buffer, glb.byteOffset, glb.byteLength);
  const jsonBytes = view.getUint32(12, true);
  const json = JSON.parse(new TextDecoder().decode(glb.subarray(20, 20 + jsonBytes)));
  json.buffers[0].uri = uri;
  return { json: JSON.stringify(json), bin: glb.subarray(20 + jsonBytes + 8) };
}

/** A box of one colour as OBJ, which glows in it, and the material library that it names. */
export function objScene(color: Color): { readonly obj: string; readonly mtl: string } {
  const corners = [0, 1].flatMap((z) => [0, 1].flatMap((y) => [0, 1].map((x) => `v ${x} ${y} ${z}`)));
  const sides = ['5 6 8 7', '2 1 3 4', '6 2 4 8', '1 5 7 3', '7 8 4 3', '1 2 6 5'].map((side) => `f ${side}`);
  return {
    obj: ['mtllib box.mtl', ...corners, 'usemtl Box', ...sides, ''].join('\n'),
    mtl: `newmtl Box\nKd 0 0 0\nKs 0 0 0\nKe ${color.join(' ')}\n`,
  };
}
