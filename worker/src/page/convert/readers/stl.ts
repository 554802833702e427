import { Mesh } from 'three';
import { STLLoader } from 'three/addons/loaders/STLLoader.js';
import { refuse } from '../../import/refuse.ts';
import { plainMaterial } from '../gltf-materials.ts';
import type { ReaderInput, ReadScene } from '../read-scene.ts';

const HEADER_BYTES = 84;
const TRIANGLE_BYTES = 50;

/** STL, binary or text. Printing programs write millimetres, z up; normals are often wrong or missing in it. */
export async function readStl({ bytes, path }: ReaderInput): Promise<ReadScene> {
  checkCount(bytes, path);
  const geometry = new STLLoader().parse(bytes.buffer);
  geometry.deleteAttribute('normal');
  geometry.clearGroups();
  const hasColors = geometry.hasAttribute('color');
  return {
    root: new Mesh(geometry, plainMaterial({ vertexColors: hasColors })),
    clips: [],
    metresPerUnit: 0.001,
    unitSaidBy: 'assumed',
    upAxis: 'z',
    upAxisSaidBy: 'assumed',
    generator: null,
  };
}

/** The number of triangles stands before them: nothing is allocated for those that are not there. */
function checkCount(bytes: Uint8Array, path: string): void {
  const isText = new TextDecoder().decode(bytes.subarray(0, 512)).trimStart().startsWith('solid');
  if (bytes.length < HEADER_BYTES && !isText) {
    throw refuse(
      'scene.invalid',
      `${path} ends within its header, after ${bytes.length} bytes. Export it again.`,
      path,
    );
  }
  if (isText && bytes.length >= HEADER_BYTES) return;
  const triangles = bytes.length < HEADER_BYTES ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(80, true);
  const needed = HEADER_BYTES + triangles * TRIANGLE_BYTES;
  if (needed <= bytes.length) return;
  const message = `${path} says ${triangles} triangles, which take ${needed} bytes, but has ${bytes.length}. Export it again.`;
  throw refuse('scene.invalid', message, path);
}
