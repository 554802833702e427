/**
 * What every engine is to the rest of the page: something that adds samples to an accumulation. Rules that make ranges
 * rendered apart merge to what one worker would have made:
 *
 * - Sample `i` of a pixel depends only on the scene, the shot, `i` and the pixel's place in the full frame.
 * - A sample is linear light, RGB multiplied by alpha. Samples are added in order; the mean is the picture.
 */
import type { RenderSettings, Size, ToneMapping } from '@kiln/shared';
import type { Texture } from 'three';
import type { PixelKind } from '../pixel-kind.ts';
import type { LoadedScene } from '../scene/loaded-scene.ts';
import type { CameraPlacement } from './camera-placement.ts';
import type { ShotCamera } from './shot-camera.ts';

/** Everything that decides the pixels of one picture. */
export interface Shot {
  readonly scene: LoadedScene;
  readonly camera: ShotCamera;
  readonly size: Size;
  /** Samples of the whole picture, at least 1. */
  readonly samples: number;
  /** Whether each sample is itself multisampled, as every final picture's is. */
  readonly multisampled: boolean;
  /** Index into the scene's clips, or null for a scene that stands still. */
  readonly clip: number | null;
  /** May be negative; clips repeat. */
  readonly timeSec: number;
  readonly background: RenderSettings['background'];
  readonly toneMapping: ToneMapping;
  readonly exposureEv: number;
  /** What is read back. @defaultValue `srgb8` */
  readonly pixelKind?: PixelKind;
}

export interface SampleRange {
  readonly first: number;
  readonly count: number;
}

/** Takes samples in order. The texture may be overwritten once `add` is called again. */
export interface SampleSink {
  add(sample: Texture): void;
}

export interface Engine {
  /**
   * Adds the samples of `range` to `sink`. Nothing is kept between calls that could change a pixel.
   *
   * @returns where the camera stood.
   */
  render(shot: Shot, range: SampleRange, sink: SampleSink): CameraPlacement;
}
