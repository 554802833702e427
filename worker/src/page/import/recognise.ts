import { SCENE_ENDINGS } from '@kiln/shared';
import { isGlb } from '../scene/container.ts';
import { refuse } from './refuse.ts';

/** What people upload and nothing here reads, by file name ending. */
const OTHER_FORMATS: Readonly<Record<string, string>> = {
  '3dm': 'Rhino',
  '3ds': '3D Studio',
  abc: 'Alembic',
  blend: 'Blender',
  c4d: 'Cinema 4D',
  ma: 'Maya',
  max: '3ds Max',
  mb: 'Maya',
  vrm: 'VRM',
  wrl: 'VRML',
  x3d: 'X3D',
};

const startsWith = (bytes: Uint8Array, magic: readonly number[]) => magic.every((byte, i) => bytes[i] === byte);

const isOtherArchive = (bytes: Uint8Array) =>
  startsWith(bytes, [0x1f, 0x8b]) ||
  startsWith(bytes, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]) ||
  startsWith(bytes, [0x52, 0x61, 0x72, 0x21]);

/**
 * Lets glTF through: a GLB under any name, or text that may be glTF.
 *
 * @throws KilnError `scene.unsupported_format`, `scene.bad_container`.
 */
export function recogniseGltf(bytes: Uint8Array, path: string): void {
  if (isGlb(bytes)) return;
  const ending = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  const format = OTHER_FORMATS[ending];
  if (format !== undefined) {
    const advice = 'export it as glTF 2.0 (.glb) from the program that made it.';
    throw refuse(
      'scene.unsupported_format',
      `${path} is in the format ${format}, which cannot be imported: ${advice}`,
      path,
    );
  }
  if (isOtherArchive(bytes)) {
    const advice = 'unpack it and upload the files that are in it, or make a ZIP of them.';
    throw refuse('scene.unsupported_format', `${path} is an archive: ${advice}`, path);
  }
  if (ending === 'glb') {
    const advice = 'If it is glTF text, name it .gltf; otherwise export or upload it again.';
    throw refuse('scene.bad_container', `${path} is no GLB file: it does not begin with "glTF". ${advice}`, path);
  }
  if (ending === 'gltf' || firstCharacter(bytes) === '{') return;
  throw refuse(
    'scene.unsupported_format',
    `${path} is in no format that can be imported: upload one of ${SCENE_ENDINGS.join(', ')}.`,
    path,
  );
}

function firstCharacter(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().slice(0, 1);
}
