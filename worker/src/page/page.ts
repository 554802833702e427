import { KilnError } from '@kiln/shared';
import { benchFrames } from './bench.ts';
import { runCanary } from './canary/canary.ts';
import type {
  FrameOutcome,
  LiveOutcome,
  LoadResult,
  PageCall,
  PageEvent,
  PageResults,
  PieceOutcome,
} from './contract.ts';
import { type DrawingHooks, drawPiece, makeFrame } from './divided.ts';
import { encodeDepth } from './encode/depth.ts';
import { frameOrder } from './encode/frame-order.ts';
import { drawPicture } from './engine/draw-picture.ts';
import type { FilmDesk } from './film/film-desk.ts';
import { Garbage } from './garbage.ts';
import { importScene } from './import/import-scene.ts';
import { PAGE_LIMITS } from './limits.ts';
import { encodeLive } from './live/encode-live.ts';
import { Refinements } from './live/refine-view.ts';
import { SurfacePicker } from './live/surface-picker.ts';
import { handOver } from './output.ts';
import type { PageServices } from './page-services.ts';
import { plainText } from './plain-text.ts';
import { describeLoaded, poseOf } from './scene/describe-loaded.ts';
import { drawnBy, frameShot, holdAssets, liveShot } from './shots.ts';
import { unixMs } from './unix-time.ts';

type Send = (event: PageEvent, bytes?: ArrayBuffer) => void;
type Call<K extends PageCall['call']> = Extract<PageCall, { call: K }>;

interface Answer {
  readonly result: PageResults[keyof PageResults];
  readonly bytes?: ArrayBuffer;
}

/** Answers the calls of the contract. */
export class Page {
  readonly #services: PageServices;
  readonly #send: Send;
  readonly #garbage = new Garbage();
  readonly #refinements: Refinements;
  readonly #picker: SurfacePicker;
  /** Calls for frames that are not answered yet. */
  readonly #frames = new Map<number, AbortController>();
  /** Calls for pieces that are to end with their next sample. */
  readonly #finishing = new Set<number>();
  /** A part of the program that is fetched when it is first asked for. */
  #films: Promise<FilmDesk> | null = null;

  constructor(services: PageServices, send: Send) {
    this.#services = services;
    this.#send = send;
    this.#refinements = new Refinements(services);
    this.#picker = new SurfacePicker(services);
  }

  /** Always ends in `done` or `failed`. */
  async answer(call: PageCall): Promise<void> {
    try {
      const { result, bytes } = await this.#run(call);
      this.#send({ event: 'done', id: call.id, result }, bytes);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const code = error instanceof KilnError ? error.code : 'render.failed';
      // A message may name every clip of a scene.
      const message = plainText(error.message, PAGE_LIMITS.messageChars);
      const stack = error.stack?.slice(0, PAGE_LIMITS.stackChars) ?? '';
      this.#send({ event: 'failed', id: call.id, code, message, stack });
    }
  }

  async #run(call: PageCall): Promise<Answer> {
    const { queue, scenes } = this.#services;
    switch (call.call) {
      case 'canary':
        return { result: await queue.run('import', () => runCanary(this.#services, call)) };
      case 'load':
        return { result: await this.#load(call) };
      case 'unload':
        await scenes.unload(call.sceneHash);
        return { result: null };
      case 'import':
        return importScene(this.#services, call, this.#progress(call.id));
      case 'frame':
        return this.#stoppable(call.id, (signal) => this.#frame(call, signal));
      case 'piece':
        return this.#stoppable(call.id, async (signal) => ({ result: await this.#piece(call, signal) }));
      case 'assemble':
        return this.#stoppable(call.id, (signal) => makeFrame(this.#services, call, this.#drawing(call.id, signal)));
      case 'stop':
        this.#frames.get(call.of)?.abort(new KilnError('attempt.stale', 'nobody wants the frame any more'));
        return { result: null };
      case 'finish':
        if (this.#frames.has(call.of)) this.#finishing.add(call.of);
        return { result: null };
      case 'film-open':
        return (await this.#filmDesk()).open(call.film);
      case 'film-sound':
        return (await this.#filmDesk()).sound();
      case 'film-picture':
        return (await this.#filmDesk()).add(call.path, call.label);
      case 'film-end':
        return (await this.#filmDesk()).end();
      case 'live':
        return this.#live(call);
      case 'refine':
        return this.#stoppable(call.id, (signal) => this.#refinements.refine(call, this.#drawing(call.id, signal)));
      case 'standing':
        return this.#refinements.standing(call);
      case 'pick':
        return { result: await this.#picker.pick(call) };
      case 'view-sums':
        return { result: await this.#refinements.sums(call) };
      case 'forget':
        this.#refinements.forget(call.key);
        this.#services.videos.end(call.key);
        return { result: null };
      case 'bench':
        return { result: await benchFrames(this.#services, call) };
    }
  }

  async #stoppable<T>(id: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stopped = new AbortController();
    this.#frames.set(id, stopped);
    try {
      return await work(stopped.signal);
    } finally {
      this.#frames.delete(id);
      this.#finishing.delete(id);
    }
  }

  #drawing(id: number, signal: AbortSignal): DrawingHooks {
    return { signal, onDrawn: () => this.#send({ event: 'drawn', id }), onProgress: this.#progress(id) };
  }

  #filmDesk(): Promise<FilmDesk> {
    this.#films ??= import('./film/film-desk.ts').then(({ FilmDesk: Desk }) => new Desk());
    return this.#films;
  }

  async #load({ id, scene, backend }: Call<'load'>): Promise<LoadResult> {
    const { scenes, room } = this.#services;
    const startedAtMs = unixMs();
    const { scene: loaded, loadedNow } = await scenes.load(scene, this.#progress(id));
    const { release } = scenes.use(scene.sceneHash);
    try {
      // Its engines share what they have of a scene.
      const engine = backend === 'webgpu' ? await room.engines.raster.webgpu?.() : undefined;
      const more = await engine?.prepare?.(loaded);
      const load = { startedAtMs, durationMs: unixMs() - startedAtMs };
      return { ...describeLoaded(loaded), loadedNow: loadedNow || more === true, load };
    } finally {
      release();
    }
  }

  async #frame(call: Call<'frame'>, signal: AbortSignal): Promise<Answer> {
    const { id, sceneHash, settings, backend, frameNumber, output } = call;
    const { room, queue, encoder, scenes } = this.#services;
    const { scene, release } = scenes.use(sceneHash);
    let letGo = () => {};
    try {
      const held = await holdAssets(this.#services, settings, scene);
      letGo = held.release;
      const shot = frameShot(scene, settings, frameNumber, { ...held.assets, backend });
      await encoder.room();
      const { draw, ...drawn } = await queue.run(
        'frame',
        (giveWay) => drawPicture(room, shot, giveWay, this.#progress(id)),
        signal,
      );
      this.#send({ event: 'drawn', id });
      const { bytes, ...encoded } = await encoder.encode(frameOrder(drawn, shot, { sceneHash, settings, frameNumber }));
      const { gpuBytes } = scene;
      const result: FrameOutcome = {
        ...encoded,
        gpuBytes,
        draw: { ...draw, ...drawnBy(shot), sampling: drawn.sampling },
      };
      return await handOver(result, bytes, output);
    } finally {
      letGo();
      release();
      this.#garbage.count();
    }
  }

  #piece(call: Call<'piece'>, signal: AbortSignal): Promise<PieceOutcome> {
    const isWanted = () => this.#finishing.has(call.id);
    return drawPiece(this.#services, call, { ...this.#drawing(call.id, signal), isWanted });
  }

  async #live(call: Call<'live'>): Promise<Answer> {
    const { room, queue, scenes } = this.#services;
    const { scene, release } = scenes.use(call.sceneHash);
    let letGo = () => {};
    try {
      const held = await holdAssets(this.#services, call.view, scene);
      letGo = held.release;
      const shot = liveShot(scene, call, room.gpu.isSoftware, held.assets);
      const {
        pixels,
        depth: map,
        draw,
        placement,
        readBackMs,
      } = await queue.run('live', (giveWay) => drawPicture(room, shot, giveWay));
      this.#send({ event: 'drawn', id: call.id });
      const encoding = encodeLive(this.#services, call, pixels, shot.background === 'transparent');
      const [{ bytes, video, encodeMs }, depth] = await Promise.all([encoding, map && encodeDepth(map, encoding)]);
      const result: LiveOutcome = {
        video,
        pose: poseOf(placement, scene),
        near: placement.near,
        far: placement.far,
        depth: depth && { ...depth.depth, sizeBytes: depth.bytes.length },
        drawMs: draw.durationMs,
        readBackMs,
        encodeMs,
        drawEndMs: draw.startedAtMs + draw.durationMs,
      };
      return { result, bytes: depth ? joined(bytes, depth.bytes) : bytes };
    } finally {
      letGo();
      release();
    }
  }

  #progress(id: number): (fraction: number) => void {
    let last = 0;
    return (fraction) => {
      // A hundred messages are enough for any bar.
      if (fraction - last < 0.01) return;
      last = fraction;
      this.#send({ event: 'progress', id, fraction });
    };
  }
}

function joined(first: ArrayBuffer, second: Uint8Array<ArrayBuffer>): ArrayBuffer {
  const both = new Uint8Array(first.byteLength + second.length);
  both.set(new Uint8Array(first));
  both.set(second, first.byteLength);
  return both.buffer;
}
