/** What the attributes of `<kiln-preview>` say, as the live view takes it. Attributes that cannot be read are as if absent. */
import {
  DEFAULT_SAMPLES,
  ENVIRONMENT_NAMES,
  type Engine,
  type ExplicitCamera,
  LIMITS,
  type LiveView,
} from '@kiln/shared';
import type { Look } from '../live/viewport-types.ts';
import { cameraOf, parseFieldOfView, parseOrbit, parseTarget } from './orbit.ts';

type Read = (name: string) => string | null;

const CAMERA = ['camera-orbit', 'camera-target', 'field-of-view'];

/** By what becomes of a change. */
export const ATTRIBUTES = {
  /** A new session is needed; of the others it is told. */
  session: ['src', 'farm', 'token', 'session'],
  camera: CAMERA,
  hand: ['camera-controls', 'disable-zoom', 'disable-pan', 'touch-action'],
  look: [
    ...['camera', 'environment-image', 'exposure', 'tone-mapping', 'background', 'shadow'],
    ...['animation-name', 'variant-name', 'engine', 'samples'],
  ],
  /** The hand leaves what these say: set again to what they are, they bring the camera back. */
  repeated: [...CAMERA, 'camera'],
  other: ['poster', 'alt', 'reveal', 'autoplay', 'stats'],
};

/** Frames a second of a clip that plays. */
export const FPS = 24;
const TONE_MAPPINGS = ['agx', 'aces', 'neutral', 'none'] as const satisfies readonly LiveView['toneMapping'][];
const BACKGROUNDS = /^(?:neutral|transparent|environment|#[0-9a-f]{6})$/i;
/** `exposure` is a factor, as `<model-viewer>` has it; beyond so many stops nothing is seen. */
const MOST_STOPS = 20;

export function lookOf(read: Read): Look {
  const environment = ENVIRONMENT_NAMES.find((known) => known === read('environment-image'));
  const camera = read('camera');
  const exposure = Number(read('exposure') ?? 1);
  const stops = exposure > 0 ? Math.log2(exposure) : 0;
  const toneMapping = TONE_MAPPINGS.find((known) => known === read('tone-mapping'));
  const background = read('background') ?? '';
  return {
    ...(camera === null ? {} : { camera }),
    ...(environment === undefined ? {} : { environment }),
    ...(engineOf(read) === 'pathtrace' ? { engine: 'pathtrace' } : {}),
    samples: samplesOf(read),
    clip: read('animation-name'),
    fps: FPS,
    toneMapping: toneMapping ?? 'neutral',
    exposureEv: Math.min(MOST_STOPS, Math.max(-MOST_STOPS, stops)),
    background: isBackground(background) ? background : 'neutral',
    variant: read('variant-name'),
    shadowCatcher: read('shadow') === null ? null : { heightM: 'auto' },
  };
}

export const engineOf = (read: Read): Engine => (read('engine') === 'pathtrace' ? 'pathtrace' : 'raster');

export function samplesOf(read: Read): number {
  const asked = Number(read('samples') ?? Number.NaN);
  if (Number.isInteger(asked) && asked >= 1 && asked <= LIMITS.frameSamples) return asked;
  return DEFAULT_SAMPLES[engineOf(read)];
}

const isBackground = (text: string): text is LiveView['background'] => BACKGROUNDS.test(text);

/** @param first the camera that the scene begins with. */
export function firstCameraOf(read: Read, first: ExplicitCamera): ExplicitCamera {
  const orbit = read('camera-orbit');
  const target = read('camera-target');
  const fov = read('field-of-view');
  return cameraOf(
    orbit === null ? null : parseOrbit(orbit),
    target === null ? null : parseTarget(target),
    (fov === null ? null : parseFieldOfView(fov)) ?? null,
    first,
  );
}
