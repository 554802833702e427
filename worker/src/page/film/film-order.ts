/** What a film is made with, and its sound. */
import type { FilmPlan, FrameRate, Size } from '@kiln/shared';

export interface FilmOrder {
  readonly source: string;
  readonly plan: FilmPlan;
  /** Of the frames. */
  readonly size: Size;
  readonly rate: FrameRate;
  /** Pictures that come at most. */
  readonly pictureCount: number;
  readonly audioPath: string | null;
}

/** Samples as 32-bit floats, little-endian, of all channels of a moment together. */
export interface FilmSound {
  readonly hz: number;
  readonly channels: number;
  /** As of the film. */
  readonly writes: readonly { readonly position: number; readonly sizeBytes: number }[];
}
