/**
 * From pixels to a file, for each format. Medians in the worker, statistics and hash included, of 256,000 triangles of
 * torus knots with one sample, on two busy cores; files in kB:
 *
 * | format | 640 × 360 | 1,920 × 1,080 |
 * | --- | --- | --- |
 * | PNG 8, 16 | 14 ms (124), 30 ms (326) | 56 ms (732), 261 ms (2,455) |
 * | JPEG, WebP, AVIF, quality 90 | 5 ms (23), 18 ms (13), 113 ms (17) | 45 ms (96), 132 ms (45), 792 ms (53) |
 * | TIFF 8, 16, float | 20 ms (81), 26 ms (322), 78 ms (250) | 203 ms (414), 287 ms (2,344), 547 ms (1,568) |
 * | OpenEXR half, float | 34 ms (242), 68 ms (432) | 367 ms (1,468), 583 ms (2,659) |
 */
import { IMAGE_FORMATS, type Pass, passesAlone } from '@kiln/shared';
import type { PlaneName } from '../engine/passes/planes.ts';
import { avifParts } from './avif.ts';
import { exrSamples, finishedPlanes } from './exr-layers.ts';
import { taggedJpeg } from './jpeg-tags.ts';
import type { EncodeRequest } from './messages.ts';
import { passPicture } from './pass-picture.ts';
import { taggedPng } from './png.ts';
import { exrWriter, type FileOrder, pngTexts, pngWriter, tiffWriter } from './row-writer.ts';
import type { Bytes, Floats } from './statistics.ts';
import { taggedWebp } from './webp-tags.ts';
import { xmpPacket } from './xmp.ts';

type Parts = Uint8Array<ArrayBuffer>[];
/** Bytes for 8 bits, floats for all others. */
type Pixels = Bytes | Floats;

export interface FrameFileBytes {
  /** The first of those that are in it. */
  readonly pass: Pass;
  readonly bytes: ArrayBuffer;
}

/**
 * The files of a frame, its first one first.
 *
 * @throws when the browser cannot encode it.
 */
export async function frameFiles(request: EncodeRequest, pixels: Pixels): Promise<FrameFileBytes[]> {
  const { planes: read, widthPx, heightPx, format, bitDepth, origin } = request;
  const passes = origin?.settings.passes ?? ['beauty'];
  const alone = (origin && passesAlone(origin.settings)) ?? null;
  const planes = finishedPlanes(read, widthPx, heightPx);
  const samples = origin?.sampling.samples ?? 1;
  const made = async (parts: Promise<Parts>) => new Blob(await parts).arrayBuffer();
  if (format === 'exr') {
    const layers = (names: readonly Pass[]) => made(exr(request, names, pixels, planes));
    if (!alone) return [{ pass: passes[0] ?? 'beauty', bytes: await layers(passes) }];
    const files: FrameFileBytes[] = [];
    for (const pass of alone) files.push({ pass, bytes: await layers([pass]) });
    return files;
  }
  const files: FrameFileBytes[] = [];
  for (const pass of alone ?? passes) {
    if (pass === 'beauty') {
      files.push({ pass, bytes: await made(partsOf(request, pixels)) });
      continue;
    }
    const source = { ...request, planes, samples };
    const { facts, pixels: shown, ...kind } = passPicture(pass, format, bitDepth, source);
    const order = { ...request, ...kind, origin: origin && { ...origin, pass: facts } };
    files.push({ pass, bytes: await made(partsOf(order, shown)) });
  }
  return files;
}

function partsOf(request: FileOrder, pixels: Pixels): Promise<Parts> {
  switch (request.format) {
    case 'png':
      return png(request, pixels);
    case 'jpeg':
    case 'webp':
      return lossy(request, pixels);
    case 'avif':
      return avif(request, pixels);
    case 'tiff':
      return tiff(request, pixels);
    case 'exr':
      throw new Error('OpenEXR is made of layers');
  }
}

async function png(request: FileOrder, pixels: Pixels): Promise<Parts> {
  const { bitDepth, hasAlpha, origin, data = null } = request;
  if (bitDepth === 8 && !hasAlpha && !data) {
    const bytes = await fromCanvas(request, pixels);
    return origin ? taggedPng(bytes, pngTexts(origin)) : [bytes];
  }
  const writer = pngWriter(request);
  await writer.add(pixels);
  return writer.finish();
}

async function lossy(request: FileOrder, pixels: Pixels): Promise<Parts> {
  const { format, hasAlpha, origin } = request;
  const bytes = await fromCanvas(request, pixels);
  if (!origin) return [bytes];
  const xmp = xmpPacket(origin);
  return format === 'jpeg' ? taggedJpeg(bytes, xmp) : taggedWebp(bytes, request, hasAlpha, xmp);
}

async function avif(request: FileOrder, pixels: Pixels): Promise<Parts> {
  if (!(pixels instanceof Uint8ClampedArray)) throw new Error('AVIF is made of bytes');
  return avifParts(pixels, request, request.quality, request.origin ? xmpPacket(request.origin) : null);
}

async function tiff(order: FileOrder, pixels: Pixels): Promise<Parts> {
  const writer = tiffWriter(order);
  await writer.add(pixels);
  return writer.finish();
}

async function exr(
  request: EncodeRequest,
  passes: readonly Pass[],
  beauty: Pixels,
  planes: ReadonlyMap<PlaneName, Float32Array>,
): Promise<Parts> {
  if (!(beauty instanceof Float32Array)) throw new Error('OpenEXR is made of floats');
  const samples = request.origin?.sampling.samples ?? 1;
  const writer = exrWriter(request, passes);
  await writer.add(request.heightPx, exrSamples(passes, { beauty, planes, samples }));
  return writer.finish();
}

let canvas: OffscreenCanvas | null = null;

async function fromCanvas(request: FileOrder, pixels: Pixels): Promise<Uint8Array<ArrayBuffer>> {
  const { widthPx, heightPx, format, quality } = request;
  if (!(pixels instanceof Uint8ClampedArray)) throw new Error('a canvas is made of bytes');
  if (!canvas || canvas.width !== widthPx || canvas.height !== heightPx)
    canvas = new OffscreenCanvas(widthPx, heightPx);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error(`no canvas of ${widthPx} × ${heightPx}`);
  context.putImageData(new ImageData(pixels, widthPx, heightPx), 0, 0);
  const type = IMAGE_FORMATS[format].mediaType;
  const blob = await canvas.convertToBlob({ type, quality: quality / 100 });
  if (blob.type !== type) throw new Error(`this browser encodes ${blob.type} where ${type} was asked for`);
  return new Uint8Array(await blob.arrayBuffer());
}
