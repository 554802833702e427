import type { VideoCodec } from '@kiln/shared';

/** [LV40] */
export interface VideoOrder {
  /** Of the stream: frames of one build on one another. */
  readonly key: string;
  /** What its reader reads, best first. */
  readonly codecs: readonly VideoCodec[];
  /** Nothing that was sent before is built on. */
  readonly isKey: boolean;
}
