/** Files that are written as their rows come, by format. */
import type { Pass } from '@kiln/shared';
import type { DataPlane } from '../engine/passes/planes.ts';
import { cryptomatteAttributes } from './cryptomatte.ts';
import { ExrWriter } from './exr.ts';
import { exrChannels, exrSamples, finishedPlanes } from './exr-layers.ts';
import { iccProfile } from './icc-profile.ts';
import type { EncodeRequest, FrameOrigin } from './messages.ts';
import { asciiJson, originJson, SOFTWARE } from './origin-text.ts';
import { type PngData, PngWriter } from './png.ts';
import type { Bytes, Floats } from './statistics.ts';
import { TiffWriter } from './tiff.ts';

type Parts = Uint8Array<ArrayBuffer>[];

/** What of a request a file is made of. */
export interface FileOrder
  extends Pick<EncodeRequest, 'widthPx' | 'heightPx' | 'format' | 'bitDepth' | 'quality' | 'hasAlpha' | 'origin'> {
  /** Of numbers that are no colours. */
  readonly data?: PngData | null;
}

type LayersOrder = FileOrder & Pick<EncodeRequest, 'mattes'>;

/** Writes one file, whose rows are those of a picture. */
export interface RowWriter {
  /** Of what the file begins with. */
  readonly headBytes: number;
  /** Takes the next rows, from the top; of planes the lowest first. As many as the format's chunks have, or the last. */
  add(rows: number, pixels: Bytes | Floats, planes: readonly DataPlane[]): Promise<void>;
  /** What of the file is ready behind its head, each part given once, in order. */
  drain(): Parts;
  /** The rest of it, when every row is in. */
  end(): Promise<Parts>;
  /** Known when every row is in. */
  head(): Uint8Array<ArrayBuffer>;
}

/** @throws for a format whose encoder takes a picture whole. */
export function rowWriter(order: LayersOrder): RowWriter {
  switch (order.format) {
    case 'png': {
      const writer = pngWriter(order);
      return { ...partsOf(writer), add: (_rows, pixels) => writer.add(pixels), end: () => writer.end() };
    }
    case 'tiff': {
      const writer = tiffWriter(order);
      return { ...partsOf(writer), add: (_rows, pixels) => writer.add(pixels), end: async () => writer.drain() };
    }
    case 'exr':
      return exrRows(order);
    default:
      throw new Error(`${order.format} is not written row by row`);
  }
}

const partsOf = (writer: Pick<RowWriter, 'headBytes' | 'drain' | 'head'>) => ({
  headBytes: writer.headBytes,
  drain: () => writer.drain(),
  head: () => writer.head(),
});

function exrRows(order: LayersOrder): RowWriter {
  const { widthPx, origin } = order;
  const passes = origin?.settings.passes ?? ['beauty'];
  const samples = origin?.sampling.samples ?? 1;
  const writer = exrWriter(order, passes);
  return {
    ...partsOf(writer),
    add: (rows, beauty, planes) => {
      if (!(beauty instanceof Float32Array)) throw new Error('OpenEXR is made of floats');
      const finished = finishedPlanes(planes, widthPx, rows);
      return writer.add(rows, exrSamples(passes, { beauty, planes: finished, samples }));
    },
    end: async () => writer.drain(),
  };
}

export const pngTexts = (origin: FrameOrigin) => ({ Software: SOFTWARE, Kiln: originJson(origin) });

export const pngWriter = ({ bitDepth, hasAlpha, origin, data = null, widthPx, heightPx }: FileOrder): PngWriter =>
  new PngWriter({ widthPx, heightPx }, bitDepth === 16 ? 16 : 8, hasAlpha, origin ? pngTexts(origin) : {}, data);

export function tiffWriter({ widthPx, heightPx, bitDepth, hasAlpha, origin }: FileOrder): TiffWriter {
  const depth = bitDepth === 'half' ? 'float' : bitDepth;
  return new TiffWriter({ widthPx, heightPx }, depth, hasAlpha, {
    description: origin ? originJson(origin) : '',
    software: SOFTWARE,
    iccProfile: iccProfile(depth === 'float' ? 'linear' : 'srgb'),
  });
}

/** Of a file with these passes as layers. */
export const exrWriter = (
  { widthPx, heightPx, bitDepth, mattes, origin }: LayersOrder,
  passes: readonly Pass[],
): ExrWriter =>
  new ExrWriter({ widthPx, heightPx }, exrChannels(passes, bitDepth), {
    ...(origin ? exrAttributes(origin) : {}),
    ...(mattes ? cryptomatteAttributes(passes, mattes) : {}),
  });

const exrAttributes = ({ sceneHash, frameNumber, settings, sampling }: FrameOrigin) => ({
  Software: SOFTWARE,
  'kiln:sceneHash': sceneHash,
  'kiln:frameNumber': frameNumber,
  'kiln:sampling': asciiJson(sampling),
  'kiln:settings': asciiJson(settings),
});
