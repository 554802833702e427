/** Calls for better pictures of resting live views, and what is summed between them. */
import { KilnError, SAMPLES_PER_BLOCK, settingsOfView } from '@kiln/shared';
import {
  type LiveTile,
  type PageCall,
  type RefineOutcome,
  type StandingOutcome,
  sumsOutput,
  type ViewSums,
} from '../contract.ts';
import { sendSums } from '../divided.ts';
import { liveOrder } from '../encode/frame-order.ts';
import type { Shot } from '../engine/engine.ts';
import { PAGE_LIMITS } from '../limits.ts';
import type { PageServices } from '../page-services.ts';
import { holdAssets, restingShot } from '../shots.ts';
import { unixMs } from '../unix-time.ts';
import { Refinement, type Step } from './refinement.ts';
import { SumsRoom } from './sums-room.ts';
import { cutOut } from './tile-grid.ts';

type Call = Extract<PageCall, { call: 'refine' }>;
type StandingCall = Extract<PageCall, { call: 'standing' }>;
type SumsCall = Extract<PageCall, { call: 'view-sums' }>;

class Kept {
  readonly version: number;
  readonly refinement: Refinement;
  readonly sizeBytes: number;
  isInUse = false;

  constructor(version: number, refinement: Refinement, sizeBytes: number) {
    this.version = version;
    this.refinement = refinement;
    this.sizeBytes = sizeBytes;
  }

  get isOver(): boolean {
    return this.refinement.isOver;
  }
}

export interface RefineHooks {
  /** Aborts when nobody wants it any more. */
  readonly signal: AbortSignal;
  /** The GPU is free. */
  readonly onDrawn: () => void;
}

export class Refinements {
  readonly #services: PageServices;
  /** By session. */
  readonly #kept = new SumsRoom<Kept>(
    {
      views: PAGE_LIMITS.refinements,
      bytes: PAGE_LIMITS.refinementBytes,
      abandonedMs: PAGE_LIMITS.abandonedRefinementMs,
    },
    () => performance.now(),
  );

  constructor(services: PageServices) {
    this.#services = services;
  }

  async refine(
    call: Call,
    { signal, onDrawn }: RefineHooks,
  ): Promise<{ readonly result: RefineOutcome; readonly bytes?: ArrayBuffer }> {
    const { room, queue, scenes } = this.#services;
    const { scene, release } = scenes.use(call.sceneHash);
    let letGo = () => {};
    try {
      const held = await holdAssets(this.#services, call.view, scene);
      letGo = held.release;
      const shot = restingShot(scene, call, held.assets);
      const startedAtMs = unixMs();
      const drawn = await queue.run(
        'refine',
        async (giveWay) => {
          const kept = this.#take(call, shot);
          if (!kept) return null;
          try {
            return { refinement: kept.refinement, step: await kept.refinement.draw(room, shot, call, giveWay) };
          } catch (error) {
            this.forget(call.key);
            throw error;
          } finally {
            this.#leave(call.key, kept);
          }
        },
        signal,
      );
      const { refinement = null, step = null } = drawn ?? {};
      const drawEndMs = unixMs() - (step?.readBackMs ?? 0);
      onDrawn();
      const encodedAt = performance.now();
      const encoded = refinement && step && (await this.#encode(call, refinement, step));
      const result: RefineOutcome = {
        hasRoom: refinement !== null,
        samples: refinement?.samples ?? 0,
        isDrawn: refinement?.isDrawn ?? false,
        isOver: refinement?.isOver ?? false,
        tiles: encoded?.tiles ?? null,
        drawMs: drawEndMs - startedAtMs,
        readBackMs: step?.readBackMs ?? 0,
        encodeMs: performance.now() - encodedAt,
        drawEndMs,
        gpuBytes: scene.gpuBytes,
      };
      return encoded ? { result, bytes: encoded.bytes } : { result };
    } finally {
      letGo();
      release();
    }
  }

  /** [LV41] What was answered of a view, as one picture. */
  async standing(
    call: StandingCall,
  ): Promise<{ readonly result: StandingOutcome | null; readonly bytes?: ArrayBuffer }> {
    const kept = this.#kept.get(call.key);
    if (kept?.version !== call.version) return { result: null };
    const { refinement } = kept;
    const { shown: samples, grid } = refinement;
    const isOver = refinement.isOver && grid.isExact;
    const codec = isOver ? call.exactFormat : call.format;
    const startedAtMs = performance.now();
    // What comes meanwhile is sent as tiles.
    const pixels = grid.sent?.slice();
    if (!pixels) return { result: { samples: 0, isOver: false, codec, encodeMs: 0 } };
    const bytes = await this.#encodeWhole(call, codec, pixels.slice());
    const answer = (with_: ArrayBuffer, over: boolean, as: StandingOutcome['codec']) => ({
      result: { samples, isOver: over, codec: as, encodeMs: performance.now() - startedAtMs },
      bytes: with_,
    });
    if (!isOver || bytes.byteLength <= call.maxBytes) return answer(bytes, isOver, codec);
    refinement.reopen();
    return answer(await this.#encodeWhole(call, call.format, pixels), false, call.format);
  }

  async #encodeWhole(
    { view, quality }: StandingCall,
    format: StandingCall['format'],
    pixels: Uint8Array<ArrayBuffer>,
  ): Promise<ArrayBuffer> {
    const hasAlpha = view.background === 'transparent';
    return (await this.#services.encoder.encode(liveOrder({ pixels, size: view.size, format, quality, hasAlpha })))
      .bytes;
  }

  /** [LV39] Gives Node what is summed of a view, as the first samples of a frame; the view goes on. */
  async sums({ key, version, view, samples, output }: SumsCall): Promise<ViewSums> {
    const { room, queue, encoder } = this.#services;
    const settings = { ...settingsOfView(view), samples };
    await encoder.room();
    const read = await queue.run('refine', async () => {
      const kept = this.#kept.get(key);
      if (kept?.version !== version) return null;
      const { refinement } = kept;
      const isQuiet = refinement.isQuiet;
      return { ranges: refinement.read(room, settings, PAGE_LIMITS.handedBytes), isQuiet };
    });
    const ranges: ViewSums['ranges'][number][] = [];
    for (const range of read?.ranges ?? []) {
      const encode = await sendSums(encoder, view.size.widthPx, range, sumsOutput(output, ranges.length));
      ranges.push({ samples: range.samples, encode, ...(range.noise !== null && { noise: range.noise }) });
    }
    return { ranges, ...(read?.isQuiet && ranges.length > 0 && { endedBy: 'noise' }) };
  }

  forget(key: string): void {
    const kept = this.#kept.remove(key);
    if (kept && !kept.isInUse) kept.refinement.dispose();
  }

  /** What is summed of a view, or a beginning; null while there is no room for it. */
  #take({ key, version }: Call, shot: Shot): Kept | null {
    const known = this.#kept.get(key);
    if (known?.isInUse) throw new KilnError('render.failed', 'a view is refined by one call at a time');
    if (known && known.version !== version) this.forget(key);
    const kept = this.#kept.get(key) ?? this.#begin(key, version, shot);
    if (!kept) return null;
    kept.isInUse = true;
    return kept;
  }

  #begin(key: string, version: number, shot: Shot): Kept | null {
    const sizeBytes = sumsBytes(shot);
    const going = this.#kept.ask(key, sizeBytes);
    if (!going) return null;
    for (const other of going) this.forget(other);
    const kept = new Kept(version, new Refinement(this.#services.room, shot), sizeBytes);
    this.#kept.put(key, kept);
    return kept;
  }

  /** What was forgotten meanwhile is let go. */
  #leave(key: string, kept: Kept): void {
    kept.isInUse = false;
    if (this.#kept.get(key) === kept) this.#kept.touch(key);
    else kept.refinement.dispose();
  }

  async #encode(
    { format, exactFormat, quality, view }: Call,
    { grid }: Refinement,
    { pixels, isFinal }: Step,
  ): Promise<{ readonly tiles: readonly LiveTile[]; readonly bytes: ArrayBuffer }> {
    const { encoder, room } = this.#services;
    const regions = grid.take(pixels, isFinal);
    const codec = isFinal ? exactFormat : format;
    const hasAlpha = view.background === 'transparent';
    const encoding = regions.map(async (region) => {
      const { widthPx, heightPx } = region;
      const part = room.buffers.take(widthPx * heightPx * 4);
      cutOut(pixels, view.size, region, part);
      const order = { pixels: part, size: { widthPx, heightPx }, format: codec, quality, hasAlpha };
      return { region, bytes: (await encoder.encode(liveOrder(order))).bytes };
    });
    // All are cut out by now.
    room.buffers.give(pixels.buffer);
    const encoded = await Promise.all(encoding);
    const tiles = encoded.map(({ region, bytes }) => ({ ...region, codec, sizeBytes: bytes.byteLength }));
    return { tiles, bytes: await new Blob(encoded.map(({ bytes }) => bytes)).arrayBuffer() };
  }
}

/** Of the sums of blocks that are no part of a larger one yet, and of the one that is drawn. */
function sumsBytes({ size: { widthPx, heightPx }, samples }: Shot): number {
  const sums = 2 + Math.ceil(Math.log2(Math.max(1, samples / SAMPLES_PER_BLOCK)));
  return widthPx * heightPx * 16 * sums;
}
