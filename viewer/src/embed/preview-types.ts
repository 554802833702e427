/** What `<kiln-preview>` tells and answers. */
import type { ScenePart } from '@kiln/shared';
import type { PictureMeasure } from '../live/measurements.ts';
import type { Audience } from '../live/session-role.ts';
import type { ViewError } from '../live/view-error.ts';

/** Details of the element's events, by name. */
export interface KilnPreviewEvents {
  /** The first picture is on the screen. */
  load: { readonly url: string };
  progress: { readonly totalProgress: number };
  'camera-change': { readonly source: 'user-interaction' | 'none' };
  'poster-dismissed': undefined;
  /** Who looks at the session, who has its camera and who asks for it; not before there is somebody else. */
  'audience-change': Audience;
  /** After every painted picture: what each stage took. */
  measure: PictureMeasure;
  error: ViewError;
}

export interface ToBlobOptions {
  /** @defaultValue image/png */
  readonly mimeType?: string;
  /** 0 to 1, of lossy formats. */
  readonly qualityArgument?: number;
}

/** What is seen at a point. */
export interface PreviewSurface {
  /** What it is a part of, and what it is made of: null where the file gives it no material. */
  readonly node: ScenePart;
  readonly material: ScenePart | null;
  /** In the world of the scene. */
  readonly position: Vector;
  readonly normal: Vector;
}

export interface Vector {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  toString(): string;
}

export const vector = ([x, y, z]: readonly [number, number, number]): Vector => ({
  ...{ x, y, z },
  toString: () => `${x}m ${y}m ${z}m`,
});
