/** A page as a live session uses it, on a clock of the test. */
import { KilnError, type LiveView, type PickedSurface, type Pose, type VideoCodec } from '@kiln/shared';
import type { LiveStage, LoadHooks, StageDrawOrder } from '../../src/live/live-stage.ts';
import type { SummedView, SumsOrder } from '../../src/live/view-hand-over.ts';
import type { StageRefineOrder, StageStandingOrder } from '../../src/live/view-refiner.ts';
import type { LiveOutcome, LoadResult } from '../../src/page/contract.ts';
import type { CallHooks, PageAnswer } from '../../src/page-host/page-client.ts';
import { DrawTurns } from '../../src/pool/draw-turns.ts';
import type { PickArguments } from '../../src/pool/page-orders.ts';

export const view: LiveView = {
  size: { widthPx: 640, heightPx: 360 },
  frameNumber: 0,
  samples: 1,
  clip: null,
  fps: 24,
  toneMapping: 'neutral',
  exposureEv: 0,
  background: 'neutral',
};

/** Before anything is known of the way to the viewer. */
export const FIRST_WINDOW = 2;

export const poseAt = (x: number): Pose => ({ position: [x, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 });

/** Where the scene's own camera stands. */
export const STAND = poseAt(50);

const loaded: LoadResult = {
  bounds: { min: [0, 0, 0], max: [1, 1, 1] },
  autoCamera: { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 40 },
  cameras: [],
  ...{ clips: [], variants: [], nodes: ['Box'], materials: ['Paint'] },
  gpuBytes: 1,
  loadedNow: true,
  load: { startedAtMs: 0, durationMs: 1 },
};

/** What stands everywhere. */
export const BOX: PickedSurface = {
  node: { name: 'Box', pointer: '/nodes/0' },
  material: { name: 'Paint', pointer: '/materials/0' },
  position: [1, 2, 3],
  normal: [0, 1, 0],
};

/** A page on a clock: drawing takes `drawMs` at full size, encoding `encodeMs`; one draws while another encodes. */
export class FakeStage implements LiveStage {
  readonly sceneHash = 'f'.repeat(64);
  readonly drawn: StageDrawOrder[] = [];
  readonly picked: PickArguments[] = [];
  pickMs = 3;
  readonly clock = { monotonicMs: () => Date.now(), unixMs: () => Date.now() };
  readonly turns = new DrawTurns(this.clock);
  drawMs = 20;
  encodeMs = 5;
  loads = 0;
  failure: KilnError | null = null;
  /** Of every picture; its bytes are the last of the three that a picture has. */
  depth: LiveOutcome['depth'] = null;
  /** What the browser encodes. */
  videoCodecs: VideoCodec[] = [];
  /** Pictures of so many samples, or more, crash the page. */
  crashesAt = Number.POSITIVE_INFINITY;

  lose: (reason: KilnError) => void = () => {};

  async load({ onLost, onProgress }: LoadHooks): Promise<LoadResult> {
    this.loads++;
    this.lose = onLost;
    await sleep(1);
    onProgress(0.5);
    return loaded;
  }

  /** Without those of a movement. */
  get resting(): StageDrawOrder[] {
    return this.drawn.filter(({ isMoving }) => !isMoving);
  }

  turn(kind: 'live' | 'refine' | 'frame' | 'long-frame', signal: AbortSignal) {
    return this.turns.take(kind, signal);
  }

  async draw(order: StageDrawOrder, hooks: CallHooks) {
    this.drawn.push(order);
    const { failure } = this;
    this.failure = null;
    const share = (order.size.widthPx / order.view.size.widthPx) ** 2;
    const drawMs = this.drawMs * share * order.samples;
    await sleep(drawMs);
    hooks.onDrawn?.();
    if (failure) throw failure;
    if (order.samples >= this.crashesAt) throw new KilnError('render.page_lost', 'crashed');
    const drawEndMs = Date.now();
    await sleep(this.encodeMs);
    const pose = order.view.camera === undefined ? order.pose : STAND;
    const [codec] = this.videoCodecs.filter((known) => order.video?.codecs.includes(known));
    const result = {
      video: order.video && codec ? { codec, isKey: order.video.isKey } : null,
      pose,
      near: 0.1,
      far: 100,
      depth: this.depth,
      drawMs,
      readBackMs: 0,
      encodeMs: this.encodeMs,
      drawEndMs,
    };
    return { result, bytes: Buffer.from([1, 2, 3]) };
  }

  async pick(order: PickArguments): Promise<PickedSurface | null> {
    this.picked.push(order);
    const { failure } = this;
    this.failure = null;
    await sleep(this.pickMs);
    if (failure) throw failure;
    return order.x < 0.5 ? BOX : null;
  }

  refine(_order: StageRefineOrder, _hooks: CallHooks): Promise<PageAnswer<'refine'>> {
    throw new Error('nobody asks for tiles');
  }

  async standing(_order: StageStandingOrder): Promise<PageAnswer<'standing'> | null> {
    return null;
  }

  withSums<T>(_order: SumsOrder, use: (summed: SummedView | null) => Promise<T>): Promise<T> {
    return use(null);
  }

  forget(): void {}
}

/** Draws a sample in `sampleMs`, and has so many tiles to show after 1, 2, 4 … samples. */
export class RefiningStage extends FakeStage {
  readonly refined: StageRefineOrder[] = [];
  forgotten = 0;
  sampleMs = 1;
  tileBytes = 10;
  tiles = 2;
  /** Whether what is summed is let go where there are too many views. */
  isTrimmed = false;
  standingMs = 1;
  readonly stood: StageStandingOrder[] = [];
  #samples = 0;
  #shown = 0;
  #isOver = false;

  override async refine(order: StageRefineOrder, hooks: CallHooks): Promise<PageAnswer<'refine'>> {
    this.refined.push(order);
    const first = this.#samples;
    let isStep = false;
    const end = Date.now() + order.sliceMs;
    while (!isStep && Date.now() < end && this.#samples < order.view.samples) {
      await sleep(this.sampleMs);
      hooks.signal?.throwIfAborted();
      this.#samples++;
      isStep = order.mayShow && Number.isInteger(Math.log2(this.#samples));
    }
    hooks.onDrawn?.();
    const { failure } = this;
    if (failure) throw failure;
    const samples = this.#samples;
    const isDrawn = samples === order.view.samples;
    const isOver = isDrawn && order.mayShow;
    const isShown = isOver || isStep;
    if (isShown) this.#shown = samples;
    this.#isOver ||= isOver;
    const tiles = Array.from({ length: this.tiles }, (_, i) => ({
      ...{ x: i * 8, y: 0, widthPx: 8, heightPx: 8, sizeBytes: this.tileBytes },
      codec: isOver ? order.exactFormat : order.format,
    }));
    const result = {
      ...{ hasRoom: true, samples, isDrawn, isOver, tiles: isShown ? tiles : null },
      ...{ drawMs: samples - first, readBackMs: 0, encodeMs: 0, drawEndMs: Date.now(), gpuBytes: 1 },
    };
    return { result, bytes: Buffer.alloc(isShown ? this.tiles * this.tileBytes : 0) };
  }

  /** One byte: how many samples it has. */
  override async standing(order: StageStandingOrder): Promise<PageAnswer<'standing'> | null> {
    this.stood.push(order);
    const [samples, isOver] = [this.#shown, this.#isOver];
    await sleep(this.standingMs);
    if (this.isTrimmed) return null;
    const codec = isOver ? order.exactFormat : order.format;
    return { result: { samples, isOver, codec, encodeMs: 1 }, bytes: Buffer.alloc(samples > 0 ? 1 : 0, samples) };
  }

  override forget(): void {
    this.forgotten++;
    this.#samples = 0;
    this.#shown = 0;
    this.#isOver = false;
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
