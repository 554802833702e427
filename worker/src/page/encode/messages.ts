/** What passes between the page and its encode workers. */
import type {
  BitDepth,
  ImageFormat,
  Pass,
  PassFile,
  PixelStatistics,
  RenderSettings,
  Sampling,
  StageTime,
} from '@kiln/shared';
import type { MatteManifests } from '../engine/passes/mattes.ts';
import type { DataPlane } from '../engine/passes/planes.ts';

/** Depths that are black and white. */
export interface DepthRange {
  readonly nearM: number;
  readonly farM: number;
}

/** What a file is of that holds one pass alone. */
export interface PassFacts {
  readonly name: Pass;
  /** What 0 and the highest number stand for. */
  readonly range?: { readonly from: number; readonly to: number; readonly unit: string };
  /** What the colours of mattes stand for, `#rrggbb`; of as many names as there is room for. */
  readonly legend?: Readonly<Record<string, string>>;
}

/** What a frame is of; its file says so. */
export interface FrameOrigin {
  readonly sceneHash: string;
  readonly frameNumber: number;
  readonly settings: RenderSettings;
  /** What was drawn of it. */
  readonly sampling: Sampling;
  /** What a file is of that holds one pass alone. */
  readonly pass?: PassFacts;
}

export interface EncodeRequest {
  readonly id: number;
  /** Of the kind that `pixelKindFor` names for the depth. Transferred. */
  readonly pixels: ArrayBuffer;
  /** What else was read back. Transferred. */
  readonly planes: readonly DataPlane[];
  /** What the ids in the planes stand for; null without planes. */
  readonly mattes: MatteManifests | null;
  /** What is black and white where depth is a picture. */
  readonly depthRange: DepthRange;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly format: ImageFormat;
  readonly bitDepth: BitDepth;
  /** 1 to 100, of formats that lose. */
  readonly quality: number;
  /** Whether pixels may be transparent. */
  readonly hasAlpha: boolean;
  /** Sums of a part of a frame, lowest row first: written as they are, for whoever makes the frame. */
  readonly areSums: boolean;
  /** Frames need tags, statistics and a hash; live pictures, which have null here, do not. */
  readonly origin: FrameOrigin | null;
}

/** With a port to another of the workers: that one lends this one a hand, or the other way. */
export interface HandMessage {
  readonly hand: 'take' | 'lend';
}

/** Everything of a request that is transferred, and comes back. */
export const buffersOf = ({ pixels, planes }: EncodeRequest): ArrayBuffer[] => [
  pixels,
  ...planes.map(({ values }) => values),
];

export interface Encoded {
  readonly bytes: ArrayBuffer;
  readonly mediaType: string;
  readonly encode: StageTime;
  /** SHA-256 in lower-case hexadecimal; empty for a live picture. */
  readonly sha256: string;
  readonly statistics: PixelStatistics | null;
  /** Where passes have files of their own: all of the frame's, one after the other in `bytes`; `sha256` is the first's. */
  readonly files?: readonly PassFile[];
}

/** The request's pixels and planes come back in `buffers`; what is in them is anything. Transferred. */
export type EncodeReply =
  | { readonly id: number; readonly buffers: readonly ArrayBuffer[]; readonly encoded: Encoded }
  | { readonly id: number; readonly buffers: readonly ArrayBuffer[]; readonly error: string; readonly stack: string };
