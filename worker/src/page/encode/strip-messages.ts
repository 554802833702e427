/** What passes between the page and the web worker that writes a picture's file as its rows come. */
import type { PixelStatistics } from '@kiln/shared';
import type { DataPlane } from '../engine/passes/planes.ts';
import type { EncodeRequest } from './messages.ts';

/** A picture without its pixels. */
export type StripRequest = Omit<EncodeRequest, 'id' | 'pixels' | 'planes' | 'areSums' | 'depthRange'>;

export type StripMessage =
  /** @property output names the file to Node. */
  | { readonly step: 'open'; readonly request: StripRequest; readonly output: string }
  /** The next rows, from the top; 64 unless they are the last. Of planes the lowest row first. Transferred. */
  | {
      readonly step: 'rows';
      readonly rows: number;
      readonly pixels: ArrayBuffer;
      readonly planes: readonly DataPlane[];
    }
  | { readonly step: 'end' };

export interface StripsEncoded {
  readonly mediaType: string;
  readonly statistics: PixelStatistics | null;
  /** A small picture of it, WebP; none of a file without one. */
  readonly preview: ArrayBuffer | null;
  /** Of encoding, without waiting for rows. */
  readonly busyMs: number;
}

/** One answer to each message. The buffers of `rows` come back; transferred. */
export type StripReply =
  | { readonly buffers: readonly ArrayBuffer[]; readonly encoded?: StripsEncoded }
  | { readonly error: string; readonly stack: string };
