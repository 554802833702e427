import type { FrameRate, Size } from '@kiln/shared';

/** One picture of a film: straight sRGB, `size` × 4 bytes. */
export interface FilmPicture {
  readonly rgba: Uint8ClampedArray;
  /** What it is of, for people: the frame's number. */
  readonly label: string;
}

/** Makes one file of pictures in order, each shown as long as the others. What it writes goes to its `FilmBytes`. */
export interface FilmMaker {
  /** Of the pictures that it takes. */
  readonly size: Size;
  /** Resolves when it may be given the next. */
  add(picture: FilmPicture): Promise<void>;
  /** Nothing comes after. @returns the codec of its sound, if it has any. */
  end(): Promise<{ readonly audioCodec: string | null }>;
}

export interface FilmMakerOrder {
  /** Of the frames. */
  readonly size: Size;
  readonly rate: FrameRate;
  /** Pictures that come at most. */
  readonly pictureCount: number;
}
