/** What a page is asked for, and what it gives. */
import type { Backend, FramePart, Region, RenderSettings, SampleRange, SceneSource, StageTime } from '@kiln/shared';
import type { FrameOutcome, PageCall, SumsInput } from '../page/contract.ts';
import type { HostedFile, ReceivedFile } from '../page-host/page-site.ts';

export type RefineArguments = Omit<Extract<PageCall, { call: 'refine' }>, 'call' | 'id'>;
export type StandingArguments = Omit<Extract<PageCall, { call: 'standing' }>, 'call' | 'id'>;
export type LiveArguments = Omit<Extract<PageCall, { call: 'live' }>, 'call' | 'id'>;
export type PickArguments = Omit<Extract<PageCall, { call: 'pick' }>, 'call' | 'id'>;

export type ViewSumsArguments = Omit<Extract<PageCall, { call: 'view-sums' }>, 'call' | 'id' | 'output'>;

export interface FrameOrder {
  readonly sceneHash: string;
  readonly settings: RenderSettings;
  readonly frameNumber: number;
}

/** A frame, or a part of one, that is drawn here. */
export interface DrawOrder extends FrameOrder {
  readonly backend: Backend;
}

export interface LoadOrder {
  readonly source: SceneSource;
  readonly files: ReadonlyMap<string, HostedFile>;
  /** What it will be drawn with. */
  readonly backend: Backend;
}

/** Sums that a page is given: named to it as nothing else is. */
export interface SumsFile extends SumsInput, HostedFile {}

/** What is drawn of a part of a frame, beside what is stored of it. */
export interface PieceOrder extends DrawOrder {
  readonly part: FramePart;
  readonly window?: Region;
  /** Of a frame that noise or time may end. */
  readonly before?: { readonly sums: readonly SumsFile[]; readonly drawnMs: number };
  /** Of the part's first samples. */
  readonly begun?: SumsFile;
  readonly checkpointMs: number;
}

/** Sums of a range of samples that a page has made. */
export interface SumsOfRange {
  readonly samples: SampleRange;
  readonly noise?: number;
  readonly encode: StageTime;
  readonly name: string;
  readonly diskPath: string;
  readonly file: ReceivedFile;
}

/** Where a page's file goes. */
export interface OutputFile {
  /** Names it to the page; nothing else has this name. */
  readonly name: string;
  readonly diskPath: string;
  readonly maxBytes: number;
}

/** A frame's file: a small one as bytes, a large one on the disk. */
export interface FrameFile {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** On the disk it begins at `from`. @defaultValue 0 */
  readonly content: Uint8Array | { readonly diskPath: string; readonly from?: number };
}

export interface DrawnFrame {
  readonly result: FrameOutcome;
  readonly file: FrameFile;
  /** A small picture of a frame that nothing holds whole. */
  readonly preview?: FrameFile;
}
