/** What lights a scene, and what stands behind it. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { ENVIRONMENT_NAMES, SCENE_ENVIRONMENT } from '../environments.ts';
import { Sha256 } from '../identifiers.ts';
import { LIMITS } from '../limits.ts';

/** A colour as a display shows it: sRGB, eight bits of red, green and blue. */
const DisplayColor = Type.Unsafe<`#${string}`>(
  Type.String({ pattern: '^#[0-9a-fA-F]{6}$', description: 'sRGB as `#rrggbb`.' }),
);

/** What stands behind a scene. */
export const Background = Type.Union([Type.Enum(['environment', 'neutral', 'transparent']), DisplayColor], {
  default: 'neutral',
  description:
    'What stands behind the scene: its environment, a neutral grey, nothing (`transparent`, not JPEG), or a colour as `#rrggbb` in sRGB, which the picture shows exactly: neither exposure nor tone mapping changes it.',
});
export type Background = Static<typeof Background>;

export const isDisplayColor = (background: Background): background is Static<typeof DisplayColor> =>
  background.startsWith('#');

/** A file of the tenant's that was uploaded as an environment or a look-up table, and is ready: by its content. */
export const AssetReference = Type.Object(
  { sha256: Sha256, sizeBytes: Type.Integer({ minimum: 1, maximum: LIMITS.environmentBytes }) },
  { additionalProperties: false },
);
export type AssetReference = Static<typeof AssetReference>;

export const EnvironmentChoice = Type.Union([Type.Enum([...ENVIRONMENT_NAMES, SCENE_ENVIRONMENT]), AssetReference], {
  default: 'studio',
  description:
    'Light from all around: a built-in one by name (`studio` only fills the shadows where a scene has lights of its own), `scene` for the one that the scene brings along, or an uploaded one by hash and size, with the light that its file says.',
});
export type EnvironmentChoice = Static<typeof EnvironmentChoice>;

/** The sun in a clear sky. */
export const Sun = Type.Object(
  {
    elevationDeg: Type.Number({ minimum: 0, maximum: 90, description: 'Above the horizon.' }),
    azimuthDeg: Type.Number({
      minimum: -360,
      maximum: 360,
      default: 0,
      description: 'Clockwise seen from above; 0 is north, −z; 90 is east, +x.',
    }),
    turbidity: Type.Number({
      minimum: 2,
      maximum: 10,
      default: 3,
      description: 'Haze: 2 is a very clear sky, 6 a hazy one.',
    }),
  },
  { additionalProperties: false },
);
export type Sun = Static<typeof Sun>;

/** Ground that shows nothing but shadows. */
export const ShadowCatcher = Type.Object(
  {
    heightM: Type.Union([Type.Literal('auto'), Type.Number({ minimum: -1e6, maximum: 1e6 })], {
      default: 'auto',
      description: 'Of the ground; `auto` is the lowest point of the scene where its clip begins.',
    }),
  },
  { additionalProperties: false },
);
export type ShadowCatcher = Static<typeof ShadowCatcher>;

/** The light around a scene. */
export const LightSettings = Type.Object({
  environment: EnvironmentChoice,
  sun: Type.Union([Sun, Type.Null()], {
    default: null,
    description:
      'Sun and sky instead of the environment, exposed so that white ground in a sun 45° high is just white. Rotation and intensity hold for both.',
  }),
  environmentRotationDeg: Type.Number({
    minimum: -360,
    maximum: 360,
    default: 0,
    description: 'Turns the environment about the vertical axis, counter-clockwise seen from above.',
  }),
  environmentIntensity: Type.Number({
    minimum: 0,
    maximum: 1_000,
    default: 1,
    description: 'Factor on the light of the environment.',
  }),
  backgroundBlur: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0.35,
    description: 'How far the environment is out of focus where it stands behind the scene.',
  }),
  shadowCatcher: Type.Union([ShadowCatcher, Type.Null()], {
    default: null,
    description:
      'Level ground without end that shows only shadows: black, its alpha the share of light that is missing there. Not of path tracing with WebGPU.',
  }),
});
export type LightSettings = Static<typeof LightSettings>;
