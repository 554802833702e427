/**
 * What every engine is to the rest of the page: something that adds samples to an accumulation. Rules that make ranges
 * rendered apart merge to what one worker would have made:
 *
 * - Sample `i` of a pixel depends only on the scene, the shot, `i` and the pixel's place in the full frame.
 * - A sample is linear light, RGB multiplied by alpha. Samples are added in order; the mean is the picture.
 */
import type {
  Backend,
  Background,
  Engine as EngineName,
  FramePart,
  LookUpTable,
  Size,
  ToneMapping,
} from '@kiln/shared';
import type { Texture, WebGLRenderTarget } from 'three';

import type { PixelKind } from '../pixel-kind.ts';
import type { Environment } from '../scene/environments.ts';
import type { GroundChoice } from '../scene/ground.ts';
import type { LoadedScene } from '../scene/loaded-scene.ts';
import type { Staging } from '../scene/staging.ts';
import type { SunLight } from '../scene/sun.ts';
import type { CameraPlacement } from './camera-placement.ts';
import type { FrameWindow } from './frame-window.ts';
import type { PlaneName } from './passes/planes.ts';
import type { ShotCamera } from './shot-camera.ts';

/** The light around a scene. */
export interface ShotLight {
  readonly environment: Environment;
  /** Of a directional light beside the scene's own. @defaultValue none */
  readonly sun?: SunLight | null;
  /** Counter-clockwise about the vertical axis, seen from above. */
  readonly rotationRad: number;
  /** Factor on the environment's light, of the scene's surfaces and of the background. */
  readonly intensity: number;
  readonly backgroundIntensity: number;
  /** 0 to 1. */
  readonly backgroundBlur: number;
  /** Ground that shows shadows only. Not of path tracing with WebGPU. @defaultValue none */
  readonly shadowCatcher?: GroundChoice | null;
}

/** Everything that decides the pixels of one picture. */
export interface Shot {
  readonly scene: LoadedScene;
  readonly camera: ShotCamera;
  readonly size: Size;
  readonly engine: EngineName;
  /** @defaultValue `webgl` */
  readonly backend?: Backend;
  /** Samples of the whole picture, at least 1. */
  readonly samples: number;
  /** Whether each sample is itself multisampled, as every final picture's is. Of rasterisation. */
  readonly multisampled: boolean;
  /** How often light is scattered on its way, at most. Of path tracing. */
  readonly bounces: number;
  /** Estimated relative error below which the picture is done with fewer samples; 0 draws all. Of path tracing. */
  readonly noiseThreshold: number;
  /** Time of drawing after which it is done with fewer samples; 0 is no limit. Of path tracing. */
  readonly timeLimitMs: number;
  /** Luminance of what a sample gets by way of other surfaces, at most, as white after exposure; 0 is no bound. Of path tracing. */
  readonly clampIndirect: number;
  /** 0 to 1: how much smoother surfaces are blurred that are seen in rougher ones. Of path tracing. */
  readonly filterGlossy: number;
  /** Whether noise is taken out of the picture. Of path tracing. */
  readonly denoise: boolean;
  readonly staging: Staging;
  /** May be negative; clips repeat. */
  readonly timeSec: number;
  /** How long the shutter is open from then on. @defaultValue 0 */
  readonly shutterSec?: number;
  /** Those that were asked for, where the picture is drawn for nothing. Of mattes. @defaultValue `samples` */
  readonly askedSamples?: number;
  /** From this frame to the next. Of the plane `motion`. @defaultValue 0 */
  readonly frameSec?: number;
  readonly light: ShotLight;
  /** A colour is put behind the finished picture: for an engine it is as `transparent`. */
  readonly background: Background;
  readonly toneMapping: ToneMapping;
  /** Applied to what a display shows. @defaultValue none */
  readonly lut?: LookUpTable | null;
  readonly exposureEv: number;
  /** What targets of its size show, where they do not hold the whole frame. @defaultValue all of it */
  readonly window?: FrameWindow;
  /** What of it is drawn, in targets of the whole size. @defaultValue all of it */
  readonly part?: FramePart;
  /** Time of drawing after which a part may end with fewer samples, at a sum of the tree; 0 draws all. @defaultValue 0 */
  readonly checkpointMs?: number;
  /** Whether something more urgent wants the slot: then a part ends with its next sample. @defaultValue never */
  readonly isWanted?: () => boolean;
  /** How many of the part's first samples are summed already: fewer than a block. @defaultValue 0 */
  readonly begun?: number;
  /** Time for which the samples before the part's were drawn. @defaultValue 0 */
  readonly drawnBeforeMs?: number;
  /** What is read back. @defaultValue `srgb8` */
  readonly pixelKind?: PixelKind;
  /** Whether it is read back how far away things are. Of rasterisation with WebGL. @defaultValue false */
  readonly hasDepth?: boolean;
  /** What else is read back. @defaultValue none */
  readonly planes?: readonly PlaneName[];
}

/** Takes samples in order. The texture may be overwritten once `add` is called again. */
export interface SampleSink {
  add(sample: Texture): void;
  /** How much of the next sample is drawn, from 0 to 1: for those who watch. */
  tell(fraction: number): void;
  /** Nothing is to be added any more. Never before the first sample. */
  readonly isComplete: boolean;
  /** What is drawn is to be added now: nothing follows. */
  readonly isWanted: boolean;
  /**
   * Takes the sum of the next `count` samples, added in order elsewhere: a whole block of `SAMPLES_PER_BLOCK`, or
   * the last samples. The texture is the sink's from then on. Not of a picture that noise or time may end.
   */
  addBlock(sum: Texture, count: number): void;
}

/**
 * Waits until the GPU has done what it was asked, and lets more urgent pictures be drawn: afterwards the scene may be
 * posed otherwise, and the renderer is in any state.
 *
 * @returns milliseconds of the GPU's work.
 */
export type Rest = () => Promise<number>;

export interface Engine {
  /**
   * Takes of a scene what it needs beside what the page has loaded: its files can be asked for only then.
   *
   * @returns whether there was anything to take.
   */
  prepare?(scene: LoadedScene): Promise<boolean>;
  /**
   * Adds samples of the shot, or of its part, to `sink` until it is complete, but for those that are summed already. Rests after work that takes as long as others may be kept waiting, not after
   * the last piece. Nothing is kept between calls that could change a pixel.
   *
   * @returns where the camera stood.
   * @throws KilnError `job.unsupported` naming what of the scene the engine cannot draw.
   */
  render(shot: Shot, sink: SampleSink, rest: Rest): Promise<CameraPlacement>;
}

/** What of a shot is drawn. */
export const partOf = ({ part, size, samples }: Pick<Shot, 'part' | 'size' | 'samples'>): FramePart =>
  part ?? { region: { x: 0, y: 0, ...size }, samples: { first: 0, count: samples } };

/** Only the pixels of the shot's part are drawn into a target of the whole size, which changes no pixel. */
export function scissorTo(target: WebGLRenderTarget, { part, size }: Pick<Shot, 'part' | 'size'>): WebGLRenderTarget {
  target.scissorTest = part !== undefined;
  const { x, y, widthPx, heightPx } = part?.region ?? { x: 0, y: 0, ...size };
  // Rows of a target count from the bottom.
  target.scissor.set(x, size.heightPx - y - heightPx, widthPx, heightPx);
  return target;
}
