/** Light from all around a scene, that every worker brings along. */

/** Names, and what each is. Those after `none` are photographed panoramas (CC0, of the package `@pmndrs/assets`). */
export const ENVIRONMENTS = {
  studio: 'a photographer’s studio, exposed for a grey card',
  white: 'the same white from everywhere',
  none: 'no light from around',
  apartment: 'a bright, empty living room',
  bridge: 'under a bridge, over water',
  city: 'a square between towers, overcast',
  dawn: 'a stony desert before sunrise',
  esplanade: 'a mall in the evening',
  forest: 'a slope among trees, sun through the leaves',
  hall: 'a ballroom with chandeliers',
  lab: 'an old laboratory, green light',
  lobby: 'a lobby with wooden floor',
  night: 'a dark field under stars',
  park: 'a meadow in the sun',
  sky: 'clouds over the sea',
  sunrise: 'a misty meadow, low sun',
  sunset: 'a piazza in the evening',
  venice: 'a lagoon in the evening',
  warehouse: 'an empty hall with lamps',
  workshop: 'a factory hall by day',
} as const;

export type EnvironmentName = keyof typeof ENVIRONMENTS;

export const ENVIRONMENT_NAMES = Object.keys(ENVIRONMENTS) as readonly EnvironmentName[];

/** The environment that a scene brings along. */
export const SCENE_ENVIRONMENT = 'scene';

/** Those that are files, `NAME.exr`; the others are made of nothing. */
export const PANORAMA_NAMES = ENVIRONMENT_NAMES.filter((name) => name !== 'white' && name !== 'none');
