/** From what was asked for to what is drawn. */
import { KilnError, type RenderSettings } from '@kiln/shared';
import type { PageCall } from './contract.ts';
import type { Shot } from './engine/engine.ts';
import { chooseCamera } from './engine/shot-camera.ts';
import type { LoadedScene } from './scene/loaded-scene.ts';

/** @throws KilnError `job.unknown_camera`, `job.unknown_clip`, `job.unsupported`. */
export function frameShot(scene: LoadedScene, settings: RenderSettings, frameNumber: number): Shot {
  const { engine, backend, size, samples, toneMapping, exposureEv } = settings;
  if (engine !== 'raster' || backend === 'webgpu') {
    throw new KilnError('job.unsupported', `This worker draws raster on WebGL; asked for ${engine} on ${backend}.`);
  }
  return {
    scene,
    camera: chooseCamera(settings.camera, scene),
    size,
    samples,
    clip: scene.clips.choose(settings.clip),
    timeSec: frameNumber / settings.fps,
    background: backgroundFor(settings.background, settings.format),
    toneMapping,
    exposureEv,
  };
}

/** @throws KilnError `job.unknown_clip`. */
export function liveShot(scene: LoadedScene, { view, size, pose, samples, format }: Extract<PageCall, { call: 'live' }>): Shot {
  return {
    scene,
    camera: { kind: 'free', pose },
    size,
    samples,
    clip: scene.clips.choose(view.clip),
    timeSec: view.frameNumber / view.fps,
    background: backgroundFor(view.background, format),
    toneMapping: view.toneMapping,
    exposureEv: view.exposureEv,
  };
}

/** JPEG has no transparency: what would be behind the scene is the neutral grey. */
const backgroundFor = (background: RenderSettings['background'], format: RenderSettings['format']) =>
  background === 'transparent' && format === 'jpeg' ? 'neutral' : background;
