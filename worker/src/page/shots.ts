/** From what was asked for to what is drawn. */
import { IMAGE_FORMATS, KilnError, type RenderSettings } from '@kiln/shared';
import type { PageCall } from './contract.ts';
import type { Shot } from './engine/engine.ts';
import { chooseCamera } from './engine/shot-camera.ts';
import { pixelKindFor } from './pixel-kind.ts';
import type { LoadedScene } from './scene/loaded-scene.ts';

/** @throws KilnError `job.unknown_camera`, `job.unknown_clip`, `job.unsupported`. */
export function frameShot(scene: LoadedScene, settings: RenderSettings, frameNumber: number): Shot {
  const { engine, backend, size, samples, exposureEv } = settings;
  const pixelKind = pixelKindFor(settings.bitDepth);
  if (engine !== 'raster' || backend === 'webgpu') {
    throw new KilnError('job.unsupported', `This worker draws raster on WebGL; asked for ${engine} on ${backend}.`);
  }
  return {
    scene,
    camera: chooseCamera(settings.camera, scene),
    size,
    samples,
    multisampled: true,
    clip: scene.clips.choose(settings.clip),
    timeSec: frameNumber / settings.fps,
    background: backgroundFor(settings.background, settings.format),
    // The neutral background would else be made for a curve that linear light does not get.
    toneMapping: pixelKind === 'linear' ? 'none' : settings.toneMapping,
    exposureEv,
    pixelKind,
  };
}

/**
 * A live picture below the view's size is one of many in a movement. On a software renderer multisampling takes two to
 * four times as long as none (Mesa's llvmpipe: 94,700 textured triangles 640 × 360 in 820 ms and 210), so those go without.
 *
 * @throws KilnError `job.unknown_camera`, `job.unknown_clip`.
 */
export function liveShot(
  scene: LoadedScene,
  { view, size, pose, samples, format }: Extract<PageCall, { call: 'live' }>,
  isSoftware: boolean,
): Shot {
  const moving = size.widthPx < view.size.widthPx || size.heightPx < view.size.heightPx;
  return {
    scene,
    camera: view.camera === undefined ? { kind: 'free', pose } : chooseCamera(view.camera, scene),
    size,
    samples,
    multisampled: !(isSoftware && moving),
    clip: scene.clips.choose(view.clip),
    timeSec: view.frameNumber / view.fps,
    background: backgroundFor(view.background, format),
    toneMapping: view.toneMapping,
    exposureEv: view.exposureEv,
  };
}

/** JPEG has no transparency: what would be behind the scene is the neutral grey. */
const backgroundFor = (background: RenderSettings['background'], format: RenderSettings['format']) =>
  background === 'transparent' && !IMAGE_FORMATS[format].hasAlpha ? 'neutral' : background;
