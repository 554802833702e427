/** What a job changes of a scene: its variant, what is seen, materials, and whatever a JSON Pointer names. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { LIMITS } from '../limits.ts';
import { Name, STORABLE_CHARS } from '../storable-text.ts';

const Color = Type.Union([
  Type.String({ pattern: '^#[0-9a-fA-F]{6}$', description: 'Color as in #ff8800 (sRGB).' }),
  Type.Tuple(
    [0, 1, 2].map(() => Type.Number({ minimum: 0, maximum: 1 })) as [Type.TNumber, Type.TNumber, Type.TNumber],
  ),
]);

const Share = Type.Number({ minimum: 0, maximum: 1 });

/** Factors on a material's textures, as in glTF; a color as text is sRGB, as a list of three linear. */
export const MaterialEdit = Type.Object(
  {
    material: Name,
    baseColor: Type.Optional(Color),
    opacity: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'Below 1 what stands behind shows through.' }),
    ),
    roughness: Type.Optional(Share),
    metalness: Type.Optional(Share),
    emissive: Type.Optional(Color),
    emissiveIntensity: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000_000 })),
  },
  { additionalProperties: false },
);
export type MaterialEdit = Static<typeof MaterialEdit>;

export const PointerEdit = Type.Object(
  {
    pointer: Type.String({
      minLength: 1,
      maxLength: LIMITS.nameChars,
      pattern: '^/[\\w/]+$',
      description: 'JSON Pointer as KHR_animation_pointer has it: /materials/0/emissiveFactor.',
    }),
    value: Type.Union([Type.Number(), Type.Boolean(), Type.Array(Type.Number(), { maxItems: LIMITS.pointerNumbers })]),
  },
  { additionalProperties: false },
);
export type PointerEdit = Static<typeof PointerEdit>;

const NodeNames = (description: string) => Type.Array(Name, { maxItems: LIMITS.sceneEdits, default: [], description });

export const SceneEdits = Type.Object({
  variant: Type.Union([Type.String({ maxLength: LIMITS.nameChars, pattern: `^${STORABLE_CHARS}*$` }), Type.Null()], {
    default: null,
    description: 'Variant of the materials (KHR_materials_variants) by name; null is as the file has it.',
  }),
  hide: NodeNames('Nodes by name, or as `/nodes/7`, that are not seen, nor what hangs below them.'),
  show: NodeNames('Nodes that are seen, though the file or `hide` hides them; within a hidden one they stay unseen.'),
  materials: Type.Array(MaterialEdit, {
    maxItems: LIMITS.sceneEdits,
    default: [],
    description:
      'Materials by name, or as `/materials/3`, with what they have instead, also where a clip changes them.',
  }),
  pointers: Type.Array(PointerEdit, {
    maxItems: LIMITS.sceneEdits,
    default: [],
    description:
      'Properties by JSON Pointer into the glTF with what they have instead, also where a clip changes them.',
  }),
});
export type SceneEdits = Static<typeof SceneEdits>;
