/** From what was asked for to what is drawn. */
import {
  type Backend,
  type Background,
  IMAGE_FORMATS,
  LightSettings,
  type LiveView,
  type LookUpTable,
  type RenderSettings,
  type Sun,
  settingsOfView,
  withDefaults,
} from '@kiln/shared';

import type { Look } from './assemble/strips.ts';
import type { LookUpTables } from './assets/tables.ts';
import type { PageCall } from './contract.ts';
import type { Shot, ShotLight } from './engine/engine.ts';
import { planesFor } from './engine/passes/planes.ts';
import { cameraOf, chooseCamera, poseCamera } from './engine/shot-camera.ts';
import { pixelKindFor } from './pixel-kind.ts';
import type { Environment, Environments } from './scene/environments.ts';

import type { LoadedScene } from './scene/loaded-scene.ts';
import { sunlight } from './scene/sky.ts';
import type { SunLight } from './scene/sun.ts';

/** Of path tracing, where there is none. */
const UNTRACED = {
  bounces: 1,
  noiseThreshold: 0,
  timeLimitMs: 0,
  clampIndirect: 0,
  filterGlossy: 0,
  denoise: false,
} as const;

/** What settings name, ready to be drawn with. */
export interface ShotAssets {
  readonly environment: Environment;
  readonly lut: LookUpTable | null;
}

interface FrameAssets extends ShotAssets {
  /** What draws it. @defaultValue that of the settings, WebGL with `auto` */
  readonly backend?: Backend | undefined;
}

/**
 * Has what settings or a view name ready until `release` is called.
 *
 * @throws KilnError `job.unsupported` for the environment of a scene that has none.
 */
export async function holdAssets(
  { environments, tables }: { readonly environments: Environments; readonly tables: LookUpTables },
  settings: RenderSettings | LiveView,
  scene: LoadedScene,
): Promise<{ assets: ShotAssets; release: () => void }> {
  const lut = settings.lut ? await tables.get(settings.lut) : null;
  const { environment, release } = await environments.use(skyOf(lightOf(settings)), scene);
  return { assets: { environment, lut }, release };
}

/** A scene by default, one sample, in the studio's light. Without a size. */
export const plainShot = (scene: LoadedScene, studio: Environment): Omit<Shot, 'size'> => ({
  scene,
  camera: { kind: 'auto' },
  engine: 'raster',
  samples: 1,
  multisampled: true,
  ...UNTRACED,
  staging: scene.plain,
  timeSec: 0,
  light: {
    environment: studio,
    rotationRad: 0,
    intensity: scene.lights.studioIntensity,
    backgroundIntensity: 1,
    backgroundBlur: 0,
  },
  background: 'neutral',
  toneMapping: 'neutral',
  exposureEv: 0,
});

/** How the sums of a frame become its picture. */
export function frameLook(
  { samples, bitDepth, background, format, toneMapping, exposureEv }: RenderSettings,
  { lut }: Pick<ShotAssets, 'lut'>,
): Look {
  const pixelKind = pixelKindFor(bitDepth);
  const shown = {
    background: backgroundFor(background, format),
    // The neutral background would else be made for a curve that linear light does not get.
    toneMapping: pixelKind === 'linear' ? 'none' : toneMapping,
    exposureEv,
    lut,
  } as const;
  return { samples, pixelKind, shown };
}

/** @throws KilnError `job.unknown_camera`, `job.unknown_clip`, `job.unsupported`. */
export function frameShot(
  scene: LoadedScene,
  settings: RenderSettings,
  frameNumber: number,
  { backend = settings.backend === 'auto' ? 'webgl' : settings.backend, ...assets }: FrameAssets,
): Shot {
  const { size, bounces, passes } = settings;
  const { noiseThreshold, timeLimitSec, clampIndirect, filterGlossy } = settings;
  const { pixelKind, shown } = frameLook(settings, assets);
  // Without beauty, the picture is drawn for nothing: as quickly as can be.
  const isSeen = passes.includes('beauty') || passes.includes('noisy');
  return {
    scene,
    camera: cameraOf(settings, scene),
    size,
    engine: isSeen ? settings.engine : 'raster',
    backend: isSeen ? backend : 'webgl',
    samples: isSeen ? settings.samples : 1,
    askedSamples: settings.samples,
    multisampled: true,
    bounces,
    noiseThreshold: isSeen ? noiseThreshold : 0,
    timeLimitMs: isSeen ? timeLimitSec * 1_000 : 0,
    clampIndirect,
    filterGlossy,
    denoise: isSeen && settings.denoise,
    staging: scene.staging(settings.clip, settings),
    timeSec: frameNumber / settings.fps,
    shutterSec: settings.shutterAngleDeg / 360 / settings.fps,
    frameSec: 1 / settings.fps,
    light: shotLight(scene, settings, assets),
    ...shown,
    pixelKind,
    planes: planesFor(passes),
  };
}

/** The graphics interface that drew a shot, for its record. */
export const drawnBy = ({ backend = 'webgl' }: Pick<Shot, 'backend'>): { readonly backend: Backend } => ({ backend });

/**
 * On a software renderer multisampling takes two to four times as long as none (Mesa's llvmpipe: 94,700 textured
 * triangles 640 × 360 in 820 ms and 210), so pictures of a movement go without.
 *
 * @throws KilnError `job.unknown_camera`, `job.unknown_clip`, `job.unsupported`.
 */
export function liveShot(
  scene: LoadedScene,
  { view, size, pose, samples, format, isMoving = false }: Extract<PageCall, { call: 'live' }>,
  isSoftware: boolean,
  assets: ShotAssets,
): Shot {
  return {
    scene,
    camera: view.camera === undefined ? poseCamera(pose) : chooseCamera(view.camera, scene, view.fps),
    size,
    engine: 'raster',
    ...UNTRACED,
    samples,
    multisampled: !(isSoftware && isMoving),
    hasDepth: view.depth === true,
    staging: scene.staging(view.clip, view),
    timeSec: view.frameNumber / view.fps,
    light: shotLight(scene, lightOf(view), assets),
    lut: assets.lut,
    background: backgroundFor(view.background, format),
    toneMapping: view.toneMapping,
    exposureEv: view.exposureEv,
  };
}

/** What a resting view comes to: as a job draws it, from where the viewer's camera is. */
export function restingShot(
  scene: LoadedScene,
  { view, pose, backend, exactFormat }: Extract<PageCall, { call: 'refine' }>,
  assets: ShotAssets,
): Shot {
  const shot = frameShot(scene, settingsOfView(view), view.frameNumber, { ...assets, backend });
  const background = backgroundFor(view.background, exactFormat);
  if (view.camera !== undefined) return { ...shot, background };
  const { focus } = shot.camera;
  return { ...shot, background, camera: { ...poseCamera(pose), ...(focus && { focus }) } };
}

const lightOf = (view: RenderSettings | LiveView): LightSettings =>
  withDefaults(LightSettings, view, 'the light of the view');

const skyOf = ({ environment, sun }: LightSettings) =>
  sun ? { elevationDeg: sun.elevationDeg, turbidity: sun.turbidity } : environment;

function shotLight(scene: LoadedScene, settings: LightSettings, { environment }: ShotAssets): ShotLight {
  const { environmentRotationDeg, environmentIntensity, backgroundBlur, sun } = settings;
  const share = settings.environment === 'studio' && !sun ? scene.lights.studioIntensity : 1;
  // An azimuth counts clockwise; in its sky the sun stands in the north.
  const rotationRad = ((environmentRotationDeg - (sun?.azimuthDeg ?? 0)) * Math.PI) / 180;
  return {
    environment,
    sun: sun ? sunOf(sun, rotationRad, environmentIntensity) : null,
    rotationRad,
    intensity: share * environmentIntensity,
    backgroundIntensity: environmentIntensity,
    backgroundBlur,
    shadowCatcher: settings.shadowCatcher,
  };
}

function sunOf(sun: Sun, rotationRad: number, factor: number): SunLight | null {
  if (factor === 0) return null;
  const elevation = (sun.elevationDeg * Math.PI) / 180;
  const level = Math.cos(elevation);
  const [red, green, blue] = sunlight(sun);
  return {
    direction: [-level * Math.sin(rotationRad), Math.sin(elevation), -level * Math.cos(rotationRad)],
    light: [red * factor, green * factor, blue * factor],
  };
}

/** JPEG has no transparency: what would be behind the scene is the neutral grey. */
const backgroundFor = (background: Background, format: RenderSettings['format']) =>
  background === 'transparent' && !IMAGE_FORMATS[format].hasAlpha ? 'neutral' : background;
