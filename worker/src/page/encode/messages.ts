/** What passes between the page and its encode workers. */
import type { ImageFormat, PixelStatistics, StageTime } from '@kiln/shared';

export interface EncodeRequest {
  readonly id: number;
  /** RGBA, 8 bits, sRGB, straight alpha, top row first. Transferred. */
  readonly pixels: ArrayBuffer;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly format: ImageFormat;
  /** 1 to 100, of JPEG and WebP. */
  readonly quality: number;
  /** Whether pixels may be transparent. */
  readonly hasAlpha: boolean;
  /** Statistics and hash are asked for: frames need them, live pictures do not. */
  readonly isFrame: boolean;
}

export interface Encoded {
  readonly bytes: ArrayBuffer;
  readonly mediaType: string;
  readonly encode: StageTime;
  /** SHA-256 in lower-case hexadecimal; empty for a live picture. */
  readonly sha256: string;
  readonly statistics: PixelStatistics | null;
}

export type EncodeReply =
  /** The request's pixels come back; what is in them is anything. Transferred. */
  | { readonly id: number; readonly pixels: ArrayBuffer; readonly encoded: Encoded }
  | { readonly id: number; readonly pixels: ArrayBuffer; readonly error: string; readonly stack: string };
