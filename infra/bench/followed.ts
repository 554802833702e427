/** How a view followed a camera path. */
export interface Followed {
  /** How often what it showed was kept. */
  readonly kept: number;
  /** Display frames. */
  readonly framesPerSec: number;
  /** That were painted. */
  readonly pictures: number;
}
