/** What is kept of a layer from the question until its probe is drawn. */
import type { Backend, Engine, Requires } from '@kiln/shared';

/** Times of frames in seconds of one slot. */
export interface Measured {
  readonly frameSec: number;
  /** From frame to frame. */
  readonly deviationSec: number;
  readonly frames: number;
}

export interface LayerToMeasure {
  readonly name: string;
  readonly frameCount: number;
  readonly taskCount: number;
  readonly samples: number;
  /** Noise or time may end its frames before all samples are drawn. */
  readonly mayEndEarly: boolean;
  /** Longest time for drawing a frame; 0: none. */
  readonly timeLimitSec: number;
  readonly isDivided: boolean;
  readonly engine: Engine;
  readonly backend: Backend | 'auto';
  /** With what its job requires. */
  readonly requires?: Requires | null;
  /** From earlier jobs; null where it is probed. */
  readonly history: Measured | null;
}
