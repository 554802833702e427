/** What passes between the page and its video worker. */
import type { VideoCodec } from '@kiln/shared';

export interface VideoFrameRequest {
  readonly id: number;
  readonly key: string;
  readonly codec: VideoCodec;
  readonly isKey: boolean;
  readonly widthPx: number;
  readonly heightPx: number;
  /** 1 to 100, as of JPEG. */
  readonly quality: number;
  /** RGBA of 8 bits, straight, the upper row first. Transferred, and comes back as it was. */
  readonly pixels: ArrayBuffer;
}

export type VideoRequest =
  | VideoFrameRequest
  | { readonly id: number; readonly supported: readonly VideoCodec[] }
  /** The stream is over. */
  | { readonly over: string };

export interface VideoFrameReply {
  readonly id: number;
  readonly pixels: ArrayBuffer;
  /** `over`: the stream ended meanwhile; `fault`: the encoder could not. */
  readonly frame:
    | { readonly bytes: ArrayBuffer; readonly isKey: boolean; readonly durationMs: number }
    | 'over'
    | 'fault';
}

export type VideoReply = VideoFrameReply | { readonly id: number; readonly supported: readonly VideoCodec[] };
