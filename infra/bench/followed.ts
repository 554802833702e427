/** Of a painted picture's measure what is reported; the others are kept as they are. */
type PictureFigures = Readonly<Record<'widthPx' | 'drawMs' | 'bytes', number>>;

/** How a view followed a camera path. */
export interface Followed {
  /** How often what it showed was kept. */
  readonly kept: number;
  /** How long the camera moved. */
  readonly pathMs: number;
  /** Display frames. */
  readonly framesPerSec: number;
  /** What each picture that was painted cost. */
  readonly pictures: readonly PictureFigures[];
}
