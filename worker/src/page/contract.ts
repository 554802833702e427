/**
 * The one contract between the worker's Node process and its page in the browser. Both sides import this file; nothing
 * else crosses. It travels over one WebSocket that the page opens to its own worker:
 *
 * - Node → page: text `PageCall`.
 * - page → Node: text `PageEvent`; or binary: u32 length of a JSON `PageEvent` (little-endian), the JSON, the bytes.
 *
 * The page gets a scene's files from `SCENE_ROUTE` on the host that served it, and can reach nothing else.
 */
import type {
  Backend,
  DrawStage,
  Engine,
  FramePart,
  ImportReport,
  PassFile,
  PickedSurface,
  PictureDepth,
  PixelStatistics,
  Pose,
  Refusal,
  Region,
  RenderSettings,
  SampleRange,
  ServerMessage,
  Size,
  StageTime,
  StillCodec,
  StoredSums,
  VideoCodec,
} from '@kiln/shared';
import type { FilmOrder, FilmSound } from './film/film-order.ts';
import type { LiveCall } from './live-calls.ts';

/** `GET SCENE_ROUTE/<sceneHash>/<path>` answers a file of a scene that Node has put there. */
export const SCENE_ROUTE = '/scene';
/** `PUT CONVERTED_ROUTE/<sceneHash>` takes the GLB that an import has made of a scene; once. */
export const CONVERTED_ROUTE = '/converted';
/** `GET BUILT_IN_ROUTE/<name>` answers built-in files: panoramas under `environments/`, decoders under `draco/`, `basis/`. */
export const BUILT_IN_ROUTE = '/built-in';
/** `PUT OUTPUT_ROUTE/<name>` takes a file that Node awaits, once; `…/<name>/<position>` the part of one that begins there. */
export const OUTPUT_ROUTE = '/output';
/** Name of the output with the sums of a range of a piece, by the place of the range. */
export const sumsOutput = (output: string, place: number): string => `${output}-${place}`;
/** `GET INPUT_ROUTE/<name>` answers a file that Node has put there, or the bytes of it that a range names. */
export const INPUT_ROUTE = '/input';
/** `GET ASSET_ROUTE/<sha256>` answers an environment or a look-up table that Node has lent the page. */
export const ASSET_ROUTE = '/asset';
/** Path of the WebSocket. */
export const SOCKET_ROUTE = '/socket';

/** A film that a page makes of pictures that are files; they and the sound are asked for at `SCENE_ROUTE/<source>/<path>`. */
export interface PageScene {
  readonly sceneHash: string;
  /** Path of the entry file within the scene. */
  readonly entry: string;
  /** Every file of the scene and its size, so that a missing one is known before it is asked for. */
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
}

/** Sums that were stored, how their samples ended, and what drew them. */
export interface SumsInput extends FramePart, Pick<StoredSums, 'endedBy' | 'noise' | 'backend'> {
  readonly input: string;
}

/** What the page is asked to do. Every call is answered by one `done` or `failed` event with the same id. */
export type PageCall =
  /**
   * Draws a fixed small scene: tells what the adapter is, whether it draws right, and how fast.
   * @defaultValue rasterisation with WebGL
   */
  | { readonly call: 'canary'; readonly id: number; readonly engine?: Engine; readonly backend?: Backend }
  /**
   * Loads a scene, or finds it loaded. Idempotent; one load serves frames and sessions. It stays until `unload`. WebGPU has
   * what it draws beside what WebGL has.
   */
  | { readonly call: 'load'; readonly id: number; readonly scene: PageScene; readonly backend?: Backend }
  | { readonly call: 'unload'; readonly id: number; readonly sceneHash: string }
  /**
   * Loads, checks and describes a scene that is not trusted, and draws its thumbnail. One that is not glTF is converted
   * first; the GLB goes to `CONVERTED_ROUTE` before the answer.
   */
  | { readonly call: 'import'; readonly id: number; readonly scene: PageScene; readonly thumbnail: Size }
  /**
   * Draws and encodes one frame of a loaded scene. `drawn` comes when the next may begin, `done` with the bytes. Those of a
   * large file go to `OUTPUT_ROUTE` in parts before, where Node names an output for it, and `done` comes without them.
   */
  | {
      readonly call: 'frame';
      readonly id: number;
      readonly sceneHash: string;
      readonly settings: RenderSettings;
      /** What draws it. @defaultValue that of the settings, WebGL with `auto` */
      readonly backend?: Backend;
      readonly frameNumber: number;
      readonly output?: string;
    }
  /**
   * Draws a part of a frame, or its first samples: at least `checkpointMs` long, but for `finish`. Their sums go to
   * `sumsOutput` before the answer. `drawn` as of `frame`.
   */
  | {
      readonly call: 'piece';
      readonly id: number;
      readonly sceneHash: string;
      readonly settings: RenderSettings;
      /** As of `frame`. */
      readonly backend?: Backend;
      readonly frameNumber: number;
      /** Its samples are a sum of the tree. */
      readonly part: FramePart;
      /** Sums of its first samples, fewer than a block; `input` below `INPUT_ROUTE`. Absent: none are stored. */
      readonly begun?: SumsInput;
      /** What is stored of a frame that noise or time may end; `input` below `INPUT_ROUTE`. */
      readonly before?: { readonly sums: readonly SumsInput[]; readonly drawnMs: number };
      /** What of the frame is around the part in targets that do not hold all of it. */
      readonly window?: Region;
      /** 0: all samples. */
      readonly checkpointMs: number;
      readonly output: string;
    }
  /** Makes and encodes a frame of sums, block after block, each with its ranges of samples in order. Answers as `frame`; in strips, nothing holds it whole, and its file goes to `output`. */
  | {
      readonly call: 'assemble';
      readonly id: number;
      readonly sceneHash: string;
      readonly settings: RenderSettings;
      readonly frameNumber: number;
      /** `input` below `INPUT_ROUTE`. */
      readonly sums: readonly SumsInput[];
      readonly output?: string;
      readonly inStrips?: boolean;
    }
  /** Nobody wants what the call `of` draws: it fails before its next piece. One that is drawn comes to its end. */
  | { readonly call: 'stop'; readonly id: number; readonly of: number }
  /** Something more urgent waits: the piece `of` ends with its next sample, where its sums can be stored. */
  | { readonly call: 'finish'; readonly id: number; readonly of: number }
  /** Begins a film. A page makes one at a time. */
  | { readonly call: 'film-open'; readonly id: number; readonly film: FilmOrder }
  /** More of the sound of a film that is encoded outside, before its pictures; no bytes when there is no more. */
  | { readonly call: 'film-sound'; readonly id: number }
  /** Its next picture, or with null the last one again. */
  | {
      readonly call: 'film-picture';
      readonly id: number;
      readonly path: string | null;
      /** What it is of, for people. */
      readonly label: string;
    }
  | { readonly call: 'film-end'; readonly id: number }
  | LiveCall
  /** The bare loop of the benchmark: draws and encodes `count` frames with no transport; answers its time. */
  | {
      readonly call: 'bench';
      readonly id: number;
      readonly sceneHash: string;
      readonly settings: RenderSettings;
      readonly firstFrame: number;
      readonly count: number;
    };

export interface CanaryResult {
  readonly renderer: string;
  readonly vendor: string;
  readonly maxTextureSizePx: number;
  /** SHA-256 of the canary's pixels. */
  readonly pixelsSha256: string;
  /** Every probed point of the picture has the colour that it must have. */
  readonly correct: boolean;
  /** Milliseconds of the fastest of some draws with read-back, after warming up: what else the machine does only adds. */
  readonly drawMs: number;
}

/** What a viewer is told of a scene, its lists as a report has them. */
type ToldScene = Required<Omit<Extract<ServerMessage, { type: 'scene' }>, 'type' | 'takesCodecs'>>;

export interface LoadResult extends Readonly<ToldScene> {
  /** Estimated GPU memory of the scene. */
  readonly gpuBytes: number;
  /** False when the scene was loaded already. */
  readonly loadedNow: boolean;
  readonly load: StageTime;
}

export type ImportOutcome =
  | {
      readonly outcome: 'ready';
      readonly report: ImportReport;
      readonly thumbnailMediaType: string;
      /** The scene is drawn from the GLB that was sent. */
      readonly isConverted: boolean;
    }
  | { readonly outcome: 'refused'; readonly refusal: Refusal; readonly report: ImportReport | null };

export interface FrameOutcome {
  /** Estimated GPU memory of the scene, with what path tracing has of it beside; null of a frame that was made of parts. */
  readonly gpuBytes: number | null;
  readonly mediaType: string;
  /** Of the bytes of the message; empty where the file went to an output, and they are a small picture of it, if any. */
  readonly sha256: string;
  readonly draw: DrawStage;
  readonly encode: StageTime;
  readonly statistics: PixelStatistics | null;
  /** Where passes have files of their own: all of the frame's, one after the other in its bytes; `sha256` is the first's. */
  readonly files?: readonly PassFile[];
}

export interface PieceOutcome {
  /** Estimated GPU memory of the scene, with what path tracing has of it beside. */
  readonly gpuBytes: number;
  /** Of what was drawn of the part's samples, in order: all, or a sum of the tree that they begin with; several after `finish`. */
  readonly ranges: readonly DrawnRange[];
  /** Why none follow, where it is not that all are drawn. */
  readonly endedBy?: 'noise' | 'time';
  /** Without what was drawn in between. */
  readonly drawnMs: number;
  readonly draw: DrawStage;
}

interface DrawnRange {
  readonly samples: SampleRange;
  /** Of the frame, where it was looked at within them. */
  readonly noise?: number;
  readonly encode: StageTime;
}

export interface FilmProgress {
  /** Of the film's pictures. */
  readonly size: Size;
  readonly pictureCount: number;
  /** Known at its end; null without sound. */
  readonly audioCodec: string | null;
  /** Where the bytes of this message go in the film's file, one part after the other. */
  readonly writes: readonly { readonly position: number; readonly sizeBytes: number }[];
}

export interface LiveOutcome {
  /** What the picture is a frame of; null: a picture of the format that was asked for. */
  readonly video: { readonly codec: VideoCodec; readonly isKey: boolean } | null;
  /** Where the camera stood. An orthographic one as the perspective that shows as much at the scene's distance. */
  readonly pose: Pose;
  readonly near: number;
  readonly far: number;
  /** Of its depth, whose bytes come after those of the picture; null where none is wanted, and of an orthographic camera. */
  readonly depth: (PictureDepth & { readonly sizeBytes: number }) | null;
  readonly drawMs: number;
  readonly readBackMs: number;
  readonly encodeMs: number;
  /** Unix milliseconds at the end of drawing. */
  readonly drawEndMs: number;
}

export interface RefineOutcome {
  /** Otherwise nothing was drawn: others keep what is summed of theirs. It may be asked again. */
  readonly hasRoom: boolean;
  readonly samples: number;
  /** All are drawn. */
  readonly isDrawn: boolean;
  /** The last picture is in this answer: nothing better comes. */
  readonly isOver: boolean;
  /** What got better, whose bytes follow one after the other. Null where nothing is shown yet. */
  readonly tiles: readonly LiveTile[] | null;
  readonly drawMs: number;
  readonly readBackMs: number;
  readonly encodeMs: number;
  /** Unix milliseconds at the end of drawing. */
  readonly drawEndMs: number;
  /** Estimated GPU memory of the scene, with what path tracing has of it beside. */
  readonly gpuBytes: number;
}

export interface StandingOutcome {
  /** A pixel; 0: nothing better than the picture of the viewer's first sample was shown, and no bytes follow. */
  readonly samples: number;
  /** Nothing better comes. */
  readonly isOver: boolean;
  readonly codec: StillCodec;
  readonly encodeMs: number;
}

export interface ViewSums {
  /** They follow on one another from the first sample on. */
  readonly ranges: readonly DrawnRange[];
  /** No samples follow. */
  readonly endedBy?: 'noise';
}

export interface LiveTile extends Region {
  readonly codec: StillCodec;
  readonly sizeBytes: number;
}

export interface BenchOutcome {
  readonly frames: number;
  readonly totalMs: number;
}

/** Results by call; the bytes, where there are any, follow in the same binary message. */
export interface PageResults {
  readonly canary: CanaryResult;
  readonly load: LoadResult;
  readonly unload: null;
  readonly import: ImportOutcome;
  readonly frame: FrameOutcome;
  readonly piece: PieceOutcome;
  readonly assemble: FrameOutcome;
  readonly stop: null;
  readonly finish: null;
  readonly 'film-open': FilmProgress;
  readonly 'film-sound': FilmSound;
  readonly 'film-picture': FilmProgress;
  readonly 'film-end': FilmProgress;
  readonly live: LiveOutcome;
  readonly refine: RefineOutcome;
  /** Null: nothing is known of that view, or of that version. */
  readonly standing: StandingOutcome | null;
  /** Null: nothing stands there. */
  readonly pick: PickedSurface | null;
  readonly 'view-sums': ViewSums;
  readonly forget: null;
  readonly bench: BenchOutcome;
}

export type PageEvent =
  /** The page is up; sent once. */
  | { readonly event: 'hello' }
  | { readonly event: 'progress'; readonly id: number; readonly fraction: number }
  /** The GPU is free for the next call, while this one is still being encoded. */
  | { readonly event: 'drawn'; readonly id: number }
  | { readonly event: 'done'; readonly id: number; readonly result: PageResults[keyof PageResults] }
  | {
      readonly event: 'failed';
      readonly id: number;
      readonly code: string;
      readonly message: string;
      readonly stack: string;
    }
  /** The GPU context is gone: the page is of no more use. */
  | { readonly event: 'context-lost'; readonly message: string };
