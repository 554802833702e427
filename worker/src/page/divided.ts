/** Calls about divided frames: parts are drawn, and frames are made of what was drawn of them. */
import type { RenderSettings, Sampling, StageTime } from '@kiln/shared';
import { assembleFrame, type SumsSource } from './assemble/assemble-frame.ts';
import { denoisedFrame } from './assemble/denoised.ts';
import { FrameData } from './assemble/frame-data.ts';
import type { TakeRows } from './assemble/row-queue.ts';
import type { Look } from './assemble/strips.ts';
import {
  type FrameOutcome,
  INPUT_ROUTE,
  OUTPUT_ROUTE,
  type PageCall,
  type PieceOutcome,
  type SumsInput,
  sumsOutput,
} from './contract.ts';
import type { GiveWay } from './draw-queue.ts';
import { frameOrder } from './encode/frame-order.ts';
import { StripEncoder } from './encode/strip-encoder.ts';
import { drawSums, type RangeSums } from './engine/draw-sums.ts';
import { shotWithin, within } from './engine/shot-within.ts';
import { handOver } from './output.ts';
import type { PageServices } from './page-services.ts';
import { BYTES_PER_PX } from './pixel-kind.ts';
import { drawnBy, frameLook, frameShot, holdAssets } from './shots.ts';

type Call<K extends PageCall['call']> = Extract<PageCall, { call: K }>;

export interface DrawingHooks {
  /** Aborts when nobody wants it any more. */
  readonly signal: AbortSignal;
  /** The GPU is free. */
  readonly onDrawn: () => void;
  /** Which share of the samples is drawn. */
  readonly onProgress: (fraction: number) => void;
}

type MakingHooks = Pick<DrawingHooks, 'signal' | 'onDrawn'>;

interface PieceHooks extends DrawingHooks {
  /** Whether something more urgent wants the slot. */
  readonly isWanted: () => boolean;
}

export async function drawPiece(services: PageServices, call: Call<'piece'>, hooks: PieceHooks): Promise<PieceOutcome> {
  const { sceneHash, settings, backend, frameNumber, part: asked, window, before, begun, checkpointMs, output } = call;
  const { signal, onDrawn, onProgress, isWanted } = hooks;
  const { room, queue, encoder, scenes } = services;
  const { scene, release } = scenes.use(sceneHash);
  let letGo = () => {};
  try {
    const held = await holdAssets(services, settings, scene);
    letGo = held.release;
    const frame = frameShot(scene, settings, frameNumber, { ...held.assets, backend });
    const shot = window ? shotWithin(frame, window) : frame;
    const part = window ? within(asked, window) : asked;
    await encoder.room();
    const { sums: stored = [], drawnMs: drawnBeforeMs = 0 } = before ?? {};
    const pieceShot = { ...shot, part, checkpointMs, drawnBeforeMs, isWanted };
    const order = { shot: pieceShot, settings, before: stored.map(sourceOf), begun: begun ? sourceOf(begun) : null };
    const { ranges, endedBy, drawnMs, draw } = await queue.run(
      'frame',
      (giveWay) => drawSums(room, order, giveWay, onProgress),
      signal,
    );
    onDrawn();
    const sent: PieceOutcome['ranges'][number][] = [];
    for (const range of ranges) {
      const encode = await sendSums(encoder, part.region.widthPx, range, sumsOutput(output, sent.length));
      sent.push({ samples: range.samples, encode, ...(range.noise !== null && { noise: range.noise }) });
    }
    const end = endedBy === null ? {} : { endedBy };
    return { gpuBytes: scene.gpuBytes, ranges: sent, ...end, drawnMs, draw: { ...draw, ...drawnBy(shot) } };
  } finally {
    letGo();
    release();
  }
}

/** Encodes sums and gives them to Node. */
export async function sendSums(
  encoder: PageServices['encoder'],
  widthPx: number,
  { pixels, rows, areHalf }: RangeSums,
  output: string,
): Promise<StageTime> {
  const { bytes, encode } = await encoder.encode({
    pixels,
    planes: [],
    mattes: null,
    size: { widthPx, heightPx: rows },
    format: 'exr',
    bitDepth: areHalf ? 'half' : 'float',
    quality: 100,
    hasAlpha: true,
    areSums: true,
    origin: null,
  });
  const { ok, status } = await fetch(`${OUTPUT_ROUTE}/${output}`, { method: 'PUT', body: bytes });
  if (!ok) throw new Error(`the worker took no sums: ${status}`);
  return encode;
}

export function makeFrame(
  services: PageServices,
  call: Call<'assemble'>,
  hooks: MakingHooks,
): Promise<{ readonly result: FrameOutcome; readonly bytes?: ArrayBuffer }> {
  return (call.inStrips ? makeInStrips : makeWhole)(services, call, hooks);
}

async function makeWhole(services: PageServices, call: Call<'assemble'>, { signal, onDrawn }: MakingHooks) {
  const { room, queue, encoder } = services;
  const { sceneHash, settings, frameNumber, output } = call;
  const origin = { sceneHash, settings, frameNumber };
  const { look, sources, drawn: facts } = await lookAt(services, call);
  const { sampling } = facts;
  await encoder.room();
  const data = await FrameData.open(services, call);
  try {
    const making = async (giveWay: GiveWay) => {
      if (settings.denoise) return await makeDenoised(room, settings, data, { look, sources, giveWay });
      const { widthPx, heightPx } = settings.size;
      const pixels = room.buffers.take(widthPx * heightPx * BYTES_PER_PX[look.pixelKind]);
      const take: TakeRows = async (rows, firstRow) => {
        pixels.set(rows, firstRow * widthPx * BYTES_PER_PX[look.pixelKind]);
      };
      const draw = await assembleFrame(room, settings.size, sources, look, { giveWay, take });
      const mattes = data.mattes;
      return { drawn: { pixels, planes: await data.whole(giveWay), mattes, placement: data.placement }, draw };
    };
    const { drawn, draw } = await queue.run('frame', making, signal);
    onDrawn();
    const order = frameOrder({ ...drawn, sampling }, look.shown, origin);
    const { bytes, ...encoded } = await encoder.encode(order);
    return await handOver({ ...encoded, gpuBytes: null, draw: { ...draw, ...facts } }, bytes, output);
  } finally {
    data.close();
  }
}

async function makeDenoised(
  room: PageServices['room'],
  settings: RenderSettings,
  data: FrameData,
  { look, sources, giveWay }: { look: Look; sources: readonly SumsSource[]; giveWay: GiveWay },
) {
  if (!data.shot) throw new Error('the filter needs the scene');
  const { pixels, before, draw } = await denoisedFrame(room, settings, sources, { shot: data.shot, look, giveWay });
  const planes = await data.whole(giveWay, before);
  return {
    drawn: { pixels, planes, mattes: planes.length > 0 ? data.mattes : null, placement: data.placement },
    draw,
  };
}

/**
 * Rows are encoded and sent while the next are made: no more than two strips of the frame are anywhere at a time. The
 * bytes of the answer are a small picture of it.
 */
async function makeInStrips(services: PageServices, call: Call<'assemble'>, { signal, onDrawn }: MakingHooks) {
  const { room, queue } = services;
  const { sceneHash, settings, frameNumber, output } = call;
  const origin = { sceneHash, settings, frameNumber };
  if (output === undefined) throw new Error('a frame in strips needs an output');
  const { look, sources, drawn } = await lookAt(services, call);
  const { sampling } = drawn;
  const data = await FrameData.open(services, call);
  try {
    const {
      pixels: _,
      planes: __,
      areSums: ___,
      depthRange: ____,
      size,
      ...facts
    } = frameOrder(
      { pixels: new Uint8Array(), planes: [], mattes: data.mattes, placement: null, sampling },
      look.shown,
      origin,
    );
    const encoder = await StripEncoder.start(room.buffers, { ...facts, ...size }, output);
    try {
      const making = (giveWay: GiveWay) => {
        const take: TakeRows = async (rows, firstRow, count) => {
          const pixels = room.buffers.take(rows.length);
          pixels.set(rows);
          await encoder.add(count, pixels, await data.rows(firstRow, count, giveWay));
        };
        return assembleFrame(room, settings.size, sources, look, { giveWay, take });
      };
      const draw = await queue.run('frame', making, signal);
      onDrawn();
      const { preview, ...encoded } = await encoder.end();
      const result = { ...encoded, gpuBytes: null, sha256: '', draw: { ...draw, ...drawn } };
      return { result, ...(preview && { bytes: preview }) };
    } finally {
      encoder.dispose();
    }
  } finally {
    data.close();
  }
}

/** What was drawn of the frame: less than was asked for, where noise or time has ended it. */
function samplingOf(settings: RenderSettings, sums: readonly SumsInput[]): Sampling {
  const noise = sums.findLast((part) => part.noise !== undefined)?.noise;
  const last = sums.at(-1);
  const { endedBy = 'samples' } = last ?? {};
  const samples = last && endedBy !== 'samples' ? last.samples.first + last.samples.count : settings.samples;
  return { samples, endedBy, ...(noise === undefined ? {} : { noise }) };
}

const sourceOf = ({ region, samples, input }: SumsInput): SumsSource => ({
  region,
  samples,
  url: `${INPUT_ROUTE}/${input}`,
});

async function lookAt({ tables }: PageServices, { settings, sums }: Call<'assemble'>) {
  const lut = settings.lut ? await tables.get(settings.lut) : null;
  const sampling = samplingOf(settings, sums);
  const look = { ...frameLook(settings, { lut }), samples: sampling.samples };
  // All parts of a frame are of one adapter class, and so of one interface.
  const backend = sums[0]?.backend;
  return { look, sources: sums.map(sourceOf), drawn: { sampling, ...(backend && { backend }) } };
}
