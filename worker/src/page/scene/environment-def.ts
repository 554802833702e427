/** What a glTF says of the light all around its scene. */
import { Quaternion } from 'three';
import { type Gltf, member } from './gltf-json.ts';

export const CUBE_EXTENSION = 'EXT_lights_image_based';
/** Of scenes that were converted: `{ bufferView }` of a scene, which is the file of a panorama. */
export const PANORAMA_EXTENSION = 'KILN_environment';

/** x, y, z, w of unit length: it turns the light as it would turn an object. */
export type Turn = readonly [number, number, number, number];

interface Place {
  /** JSON Pointer of where the glTF says it. */
  readonly pointer: string;
}

export type EnvironmentDef =
  | (Place & { readonly kind: 'panorama'; readonly bufferView: number })
  /** @param images right, left, up, down, front, back. */
  | (Place & {
      readonly kind: 'cube';
      readonly images: readonly number[];
      readonly turn: Turn;
      readonly factor: number;
    })
  | (Place & { readonly kind: 'wrong'; readonly why: string });

const FACES = 6;

/** The environment of the scene that is shown; null where it has none. */
export function environmentDefOf(gltf: Gltf): EnvironmentDef | null {
  const index = gltf.scene ?? 0;
  const own = gltf.scenes?.[index]?.extensions;
  const at = `/scenes/${index}/extensions`;
  const panorama = own?.[PANORAMA_EXTENSION];
  if (panorama !== undefined) return panoramaDef(gltf, panorama, `${at}/${PANORAMA_EXTENSION}`);
  const cube = own?.[CUBE_EXTENSION];
  return cube === undefined ? null : cubeDef(gltf, cube, `${at}/${CUBE_EXTENSION}`);
}

function panoramaDef({ bufferViews = [] }: Gltf, value: unknown, pointer: string): EnvironmentDef {
  const bufferView = member(value, 'bufferView');
  return isIndexOf(bufferView, bufferViews)
    ? { kind: 'panorama', bufferView, pointer }
    : { kind: 'wrong', why: 'its buffer view is not there', pointer };
}

function cubeDef({ extensions, images = [] }: Gltf, value: unknown, place: string): EnvironmentDef {
  const wrong = (why: string, pointer: string): EnvironmentDef => ({ kind: 'wrong', why, pointer });
  const lights = member(extensions?.[CUBE_EXTENSION], 'lights');
  const index = member(value, 'light');
  if (!Array.isArray(lights) || !isIndexOf(index, lights)) return wrong('its light is not there', `${place}/light`);
  const light: unknown = lights[index];
  const pointer = `/extensions/${CUBE_EXTENSION}/lights/${index}`;
  const levels = member(light, 'specularImages');
  const faces: unknown = Array.isArray(levels) ? levels[0] : null;
  if (!Array.isArray(faces) || faces.length !== FACES || !faces.every((face) => isIndexOf(face, images))) {
    return wrong('its largest images are not six that are there', `${pointer}/specularImages/0`);
  }
  const turn = turnOf(member(light, 'rotation') ?? [0, 0, 0, 1]);
  if (turn === null) return wrong('its rotation is no quaternion', `${pointer}/rotation`);
  const factor = member(light, 'intensity') ?? 1;
  if (typeof factor !== 'number' || factor < 0)
    return wrong('its intensity is no number from 0', `${pointer}/intensity`);
  return { kind: 'cube', images: faces, turn, factor, pointer };
}

function turnOf(value: unknown): Turn | null {
  if (!Array.isArray(value) || value.length !== 4 || !value.every(Number.isFinite)) return null;
  const length = Math.hypot(...value);
  if (length === 0) return null;
  return new Quaternion().fromArray(value).normalize().toArray();
}

const isIndexOf = (index: unknown, list: readonly unknown[]): index is number =>
  typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < list.length;
