/**
 * What of a scene may be set or animated by a JSON Pointer into its glTF, as KHR_animation_pointer names it. `*` stands for
 * an index. Each row: numbers of a value (0: as many as there are), and where they must lie.
 */
import { KilnError } from './errors.ts';

interface PointerRule {
  readonly kind: 'nodes' | 'materials' | 'cameras' | 'lights';
  /** Numbers of a value; 0: those of a list. `boolean` is true or false. */
  readonly size: number | 'boolean';
  readonly min?: number;
  readonly max?: number;
  /** The least one is not among the allowed. */
  readonly isAbove?: true;
  /** Without it in the glTF there is nothing to set. */
  readonly extension?: string;
}

const factor = (size = 1) => ({ kind: 'materials', size, min: 0, max: 1 }) as const;
const extended = <E extends string, T extends object>(extension: E, rule: T) => ({ ...rule, extension });
const material = (rule: { size: number; min?: number; max?: number }) => ({ kind: 'materials', ...rule }) as const;
/** Of a texture, in its coordinates; the rotation in radians. */
const place = (size: number) => extended('KHR_texture_transform', material({ size }));

/** In degrees this is what a camera may take in; three's lights reach a right angle. */
const BELOW_PI = (179 * Math.PI) / 180;
const RIGHT_ANGLE = Math.PI / 2;

export const POINTER_RULES = {
  '/nodes/*/translation': { kind: 'nodes', size: 3 },
  '/nodes/*/rotation': { kind: 'nodes', size: 4, min: -1, max: 1 },
  '/nodes/*/scale': { kind: 'nodes', size: 3 },
  '/nodes/*/weights': { kind: 'nodes', size: 0 },
  '/nodes/*/extensions/KHR_node_visibility/visible': { kind: 'nodes', size: 'boolean' },
  '/cameras/*/perspective/yfov': { kind: 'cameras', size: 1, min: 0, max: BELOW_PI, isAbove: true },
  '/cameras/*/orthographic/ymag': { kind: 'cameras', size: 1, min: 0, isAbove: true },
  '/materials/*/pbrMetallicRoughness/baseColorFactor': factor(4),
  '/materials/*/pbrMetallicRoughness/metallicFactor': factor(),
  '/materials/*/pbrMetallicRoughness/roughnessFactor': factor(),
  '/materials/*/emissiveFactor': factor(3),
  '/materials/*/alphaCutoff': factor(),
  '/materials/*/normalTexture/scale': material({ size: 1 }),
  '/materials/*/occlusionTexture/strength': factor(),
  '/materials/*/extensions/KHR_materials_emissive_strength/emissiveStrength': material({ size: 1, min: 0 }),
  '/materials/*/extensions/KHR_materials_transmission/transmissionFactor': extended(
    'KHR_materials_transmission',
    factor(),
  ),
  '/materials/*/extensions/KHR_materials_ior/ior': extended(
    'KHR_materials_ior',
    material({ size: 1, min: 1, max: 2.333 }),
  ),
  '/materials/*/extensions/KHR_materials_clearcoat/clearcoatFactor': extended('KHR_materials_clearcoat', factor()),
  '/materials/*/extensions/KHR_materials_clearcoat/clearcoatRoughnessFactor': extended(
    'KHR_materials_clearcoat',
    factor(),
  ),
  '/materials/*/extensions/KHR_materials_sheen/sheenColorFactor': extended('KHR_materials_sheen', factor(3)),
  '/materials/*/extensions/KHR_materials_sheen/sheenRoughnessFactor': extended('KHR_materials_sheen', factor()),
  '/materials/*/extensions/KHR_materials_specular/specularFactor': extended('KHR_materials_specular', factor()),
  '/materials/*/extensions/KHR_materials_specular/specularColorFactor': extended(
    'KHR_materials_specular',
    material({ size: 3, min: 0 }),
  ),
  '/materials/*/extensions/KHR_materials_iridescence/iridescenceFactor': extended(
    'KHR_materials_iridescence',
    factor(),
  ),
  '/materials/*/extensions/KHR_materials_iridescence/iridescenceIor': extended(
    'KHR_materials_iridescence',
    material({ size: 1, min: 1 }),
  ),
  '/materials/*/extensions/KHR_materials_volume/thicknessFactor': extended(
    'KHR_materials_volume',
    material({ size: 1, min: 0 }),
  ),
  '/materials/*/extensions/KHR_materials_volume/attenuationColor': extended('KHR_materials_volume', factor(3)),
  '/materials/*/pbrMetallicRoughness/baseColorTexture/extensions/KHR_texture_transform/offset': place(2),
  '/materials/*/pbrMetallicRoughness/baseColorTexture/extensions/KHR_texture_transform/rotation': place(1),
  '/materials/*/pbrMetallicRoughness/baseColorTexture/extensions/KHR_texture_transform/scale': place(2),
  '/materials/*/pbrMetallicRoughness/metallicRoughnessTexture/extensions/KHR_texture_transform/offset': place(2),
  '/materials/*/pbrMetallicRoughness/metallicRoughnessTexture/extensions/KHR_texture_transform/rotation': place(1),
  '/materials/*/pbrMetallicRoughness/metallicRoughnessTexture/extensions/KHR_texture_transform/scale': place(2),
  '/materials/*/normalTexture/extensions/KHR_texture_transform/offset': place(2),
  '/materials/*/normalTexture/extensions/KHR_texture_transform/rotation': place(1),
  '/materials/*/normalTexture/extensions/KHR_texture_transform/scale': place(2),
  '/materials/*/occlusionTexture/extensions/KHR_texture_transform/offset': place(2),
  '/materials/*/occlusionTexture/extensions/KHR_texture_transform/rotation': place(1),
  '/materials/*/occlusionTexture/extensions/KHR_texture_transform/scale': place(2),
  '/materials/*/emissiveTexture/extensions/KHR_texture_transform/offset': place(2),
  '/materials/*/emissiveTexture/extensions/KHR_texture_transform/rotation': place(1),
  '/materials/*/emissiveTexture/extensions/KHR_texture_transform/scale': place(2),
  '/extensions/KHR_lights_punctual/lights/*/color': { kind: 'lights', size: 3, min: 0 },
  '/extensions/KHR_lights_punctual/lights/*/intensity': { kind: 'lights', size: 1, min: 0 },
  '/extensions/KHR_lights_punctual/lights/*/spot/outerConeAngle': {
    kind: 'lights',
    size: 1,
    min: 0,
    max: RIGHT_ANGLE,
    isAbove: true,
  },
} as const satisfies Record<string, PointerRule>;

export type PointerPath = keyof typeof POINTER_RULES;
export type PointerValue = number | boolean | readonly number[];

export interface KnownPointer {
  readonly path: PointerPath;
  readonly kind: PointerRule['kind'];
  /** Of the node, material, camera or light. */
  readonly index: number;
}

const isPath = (path: string): path is PointerPath => Object.hasOwn(POINTER_RULES, path);

export const pointerRule = ({ path }: KnownPointer): PointerRule => POINTER_RULES[path];

/** @returns null for a pointer to what cannot be changed. */
export function readPointer(pointer: string): KnownPointer | null {
  const [, index] = /\/(0|[1-9]\d{0,9})(?=\/)/.exec(pointer) ?? [];
  if (index === undefined) return null;
  const path = pointer.replace(`/${index}/`, '/*/');
  return isPath(path) ? { path, kind: POINTER_RULES[path].kind, index: Number(index) } : null;
}

/** Why a value cannot stand where a pointer points; null when it can. */
export function pointerFault(pointer: KnownPointer, value: PointerValue): string | null {
  const { size, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, isAbove } = pointerRule(pointer);
  if (size === 'boolean') return typeof value === 'boolean' ? null : 'expected true or false';
  const numbers = typeof value === 'number' ? [value] : value;
  const isList = size !== 1;
  const fits = typeof numbers !== 'boolean' && isList === Array.isArray(value);
  if (!fits || (size > 1 && numbers.length !== size)) {
    return `expected ${isList ? `a list of ${size === 0 ? 'numbers' : `${size} numbers`}` : 'a number'}`;
  }
  const right = (part: number) => part >= min && part <= max && !(isAbove && part === min);
  if (!numbers.every(right)) {
    if (min === Number.NEGATIVE_INFINITY) return 'expected finite numbers';
    const from = isAbove ? `above ${min}` : `from ${min}`;
    return `expected ${isList ? 'numbers' : 'a number'} ${from}${max === Number.POSITIVE_INFINITY ? '' : ` to ${max}`}`;
  }
  if (pointer.path === '/nodes/*/rotation' && Math.hypot(...numbers) < 1e-3) return 'expected a quaternion of length 1';
  return null;
}

/** @throws KilnError `request.invalid` with `field` when the text is no JSON Pointer that is known here, or the value wrong. */
export function checkPointer(pointer: string, value: PointerValue, field: string): KnownPointer {
  const known = readPointer(pointer);
  if (!known) {
    const message = `"${pointer}" is no property that can be set; they are ${Object.keys(POINTER_RULES).join(', ')}`;
    throw new KilnError('request.invalid', message, { field: `${field}/pointer` });
  }
  const fault = pointerFault(known, value);
  if (fault === null) return known;
  throw new KilnError('request.invalid', `${fault} for ${pointer}, got ${JSON.stringify(value)}`, {
    field: `${field}/value`,
  });
}
