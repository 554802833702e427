import { Mesh, Points, PointsMaterial } from 'three';
import { PLYLoader } from 'three/addons/loaders/PLYLoader.js';
import { refuse } from '../../import/refuse.ts';
import { plainMaterial } from '../gltf-materials.ts';
import type { ReaderInput, ReadScene } from '../read-scene.ts';

/** Bytes in which a header ends. */
const HEADER_BYTES = 65_536;

/** PLY: triangles, or points where there are none. */
export async function readPly({ bytes, path, findings }: ReaderInput): Promise<ReadScene> {
  const header = readHeader(bytes, path);
  const geometry = new PLYLoader().parse(bytes.buffer);
  const hasColors = geometry.hasAttribute('color');
  const isMesh = geometry.index !== null || /^element\s+face\s+[1-9]/m.test(header);
  if (isMesh && !geometry.hasAttribute('normal')) {
    findings.add('information', 'FLAT_SHADED', 'The file has no normals: its triangles are drawn flat.');
  }
  const image = /^comment\s+TextureFile\s+(.+?)\s*$/im.exec(header)?.[1];
  if (image !== undefined) {
    findings.add(
      'warning',
      'IMAGE_LOST',
      `The image "${image.slice(0, 100)}" is not read: it is drawn without it.`,
      image,
    );
  }
  return {
    root: isMesh
      ? new Mesh(geometry, plainMaterial({ vertexColors: hasColors }))
      : new Points(geometry, new PointsMaterial({ vertexColors: hasColors })),
    clips: [],
    metresPerUnit: 1,
    unitSaidBy: 'assumed',
    upAxis: 'y',
    upAxisSaidBy: 'assumed',
    generator: /^comment\s+(.*(?:generated|created).*?)\s*$/im.exec(header)?.[1] ?? null,
  };
}

/**
 * The header, whose counts are what the file can hold: an element takes a byte at least.
 *
 * @throws KilnError `scene.invalid`.
 */
function readHeader(bytes: Uint8Array, path: string): string {
  const start = new TextDecoder('windows-1252').decode(bytes.subarray(0, HEADER_BYTES));
  const end = start.indexOf('end_header');
  if (!start.startsWith('ply') || end === -1) {
    throw refuse(
      'scene.invalid',
      `${path} is no PLY file: it has no header that begins with "ply". Export it again.`,
      path,
    );
  }
  const header = start.slice(0, end);
  const elements = [...header.matchAll(/^element\s+(\S+)\s+(\d+)/gm)].map(([, name = '', count]) => ({
    name,
    count: Number(count),
  }));
  if (new Set(elements.map(({ name }) => name)).size < elements.length) {
    throw refuse('scene.invalid', `The header of ${path} names an element twice. Export it again.`, path);
  }
  const total = elements.reduce((sum, { count }) => sum + count, 0);
  if (total <= bytes.length) return header;
  const message = `The header of ${path} says ${total} elements, but the file has ${bytes.length} bytes. Export it again.`;
  throw refuse('scene.invalid', message, path);
}
