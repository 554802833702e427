/** What Node asks of a page for live sessions. */
import type { Backend, LiveView, Pose, Size, StillCodec } from '@kiln/shared';
import type { VideoOrder } from './live/video-order.ts';

export type LiveCall =
  /** Draws and encodes one live picture of a loaded scene. */
  | {
      readonly call: 'live';
      readonly id: number;
      readonly sceneHash: string;
      readonly view: LiveView;
      /** Size to draw at: the view's, or less while moving. */
      readonly size: Size;
      readonly pose: Pose;
      readonly format: StillCodec;
      /** [LV40] As a frame of a video, where the browser can. Its edges are even. */
      readonly video?: VideoOrder;
      /** 1 to 100, of JPEG and WebP; of a video about what looks like a JPEG of it. */
      readonly quality: number;
      readonly samples: number;
      /** Whether it is one of many pictures of a movement. @defaultValue false */
      readonly isMoving?: boolean;
    }
  /**
   * Draws more samples of a resting view, until there is something better to show or `sliceMs` are over. What is summed stays
   * for the next call with the same `key` and `version`, until `forget`. `drawn` as of `frame`.
   */
  | {
      readonly call: 'refine';
      readonly id: number;
      /** Of the session. Another version lets go of what is summed. */
      readonly key: string;
      readonly version: number;
      readonly sceneHash: string;
      readonly view: LiveView;
      readonly backend: Backend;
      readonly pose: Pose;
      /** Of what comes before the last picture. */
      readonly format: StillCodec;
      /** 1 to 100, of JPEG and WebP. */
      readonly quality: number;
      /** Of the last picture. */
      readonly exactFormat: StillCodec;
      readonly sliceMs: number;
      /** Whether a picture may be sent now. */
      readonly mayShow: boolean;
      /** Whether the viewer has the raster picture of one sample. */
      readonly isFirstShown: boolean;
    }
  /**
   * The picture of a resting view as it stands: what `refine` has answered of it, as one picture. Nothing is drawn, and `refine`
   * goes on. One that is over is without loss, if that has at most `maxBytes`; otherwise `refine` answers its last tiles again.
   */
  | {
      readonly call: 'standing';
      readonly id: number;
      readonly key: string;
      readonly version: number;
      readonly view: LiveView;
      readonly format: StillCodec;
      readonly quality: number;
      readonly exactFormat: StillCodec;
      readonly maxBytes: number;
    }
  /** What is seen at a point of a live view of a loaded scene: a few pixels are drawn for it. */
  | {
      readonly call: 'pick';
      readonly id: number;
      readonly sceneHash: string;
      readonly view: LiveView;
      /** Where the view names no camera. */
      readonly pose: Pose;
      /** Width ÷ height of what is seen. Null: that of the view. */
      readonly aspect: number | null;
      /** 0 to 1, from the left and from above. */
      readonly x: number;
      readonly y: number;
    }
  /**
   * Of what `refine` has summed, the first samples of a frame of that view, of `samples` samples: their sums go to `sumsOutput`
   * before the answer. None where it is another version.
   */
  | {
      readonly call: 'view-sums';
      readonly id: number;
      readonly key: string;
      readonly version: number;
      readonly view: LiveView;
      readonly samples: number;
      readonly output: string;
    }
  /** Lets go of what `refine` has summed, and of the stream, of that key. */
  | { readonly call: 'forget'; readonly id: number; readonly key: string };
