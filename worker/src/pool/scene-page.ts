/** A page that keeps scenes loaded and draws them: frames of jobs, and pictures of live sessions. */
import { createHash } from 'node:crypto';
import { KilnError, mostSums, type PickedSurface, type SampleRange } from '@kiln/shared';
import type { OpenPage } from '../browser/open-page.ts';
import type { Clock } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';
import { type LoadResult, type SumsInput, sumsOutput } from '../page/contract.ts';
import type { CallHooks, PageAnswer } from '../page-host/page-client.ts';
import type { HostedFile } from '../page-host/page-site.ts';
import { CallLimits } from './call-limits.ts';
import { DrawTurns } from './draw-turns.ts';
import type {
  DrawnFrame,
  DrawOrder,
  FrameOrder,
  LiveArguments,
  LoadOrder,
  OutputFile,
  PickArguments,
  PieceOrder,
  RefineArguments,
  StandingArguments,
  SumsFile,
  SumsOfRange,
  ViewSumsArguments,
} from './page-orders.ts';
import { RoomWait } from './room-wait.ts';

interface HeldScene {
  holders: number;
  usedAt: number;
  /** Null until it is loaded. */
  gpuBytes: number | null;
  /** How often it was parsed and uploaded since it is here. */
  loads: number;
}

/** Sums that a page has made, beside its answer. */
interface SumsAnswer<K extends 'piece' | 'view-sums'> {
  readonly answer: PageAnswer<K>;
  readonly sums: readonly SumsOfRange[];
}

/** What of an open page this needs. */
type Opened = Pick<OpenPage, 'client' | 'site' | 'console' | 'close'>;

export class ScenePage {
  /** Resolves when the page is of no more use. */
  readonly lost: Promise<KilnError>;
  readonly turns: DrawTurns;
  readonly #open: Opened;
  readonly #limits: CallLimits;
  readonly #room = new RoomWait();
  readonly #clock: Clock;
  /** Scenes that are loaded, being loaded, or held to be. The page itself keeps what it is not told to unload. */
  readonly #scenes = new Map<string, HeldScene>();
  readonly #loading = new Map<string, Promise<LoadResult>>();
  #framesDrawn = 0;

  constructor(open: Opened, clock: Clock) {
    this.#open = open;
    this.#limits = new CallLimits((reason) => void this.close(reason));
    this.#clock = clock;
    this.turns = new DrawTurns(clock);
    this.lost = open.client.lost;
  }

  get usable(): boolean {
    return this.#open.client.usable;
  }

  get console(): readonly string[] {
    return this.#open.console.lines;
  }

  /** Scenes that are loaded now. */
  get sceneHashes(): string[] {
    return [...this.#scenes].flatMap(([sceneHash, { gpuBytes }]) => (gpuBytes === null ? [] : [sceneHash]));
  }

  /** How many attempts and sessions use the page now. */
  get users(): number {
    let users = 0;
    for (const scene of this.#scenes.values()) users += scene.holders;
    return users;
  }

  get framesDrawn(): number {
    return this.#framesDrawn;
  }

  /** Whether a scene is loaded. */
  has(sceneHash: string): boolean {
    return (this.#scenes.get(sceneHash)?.gpuBytes ?? null) !== null;
  }

  loadsOf(sceneHash: string): number {
    return this.#scenes.get(sceneHash)?.loads ?? 0;
  }

  /** Keeps a scene's place, loaded or not yet, until the answer is called: it is not unloaded meanwhile. */
  hold(sceneHash: string): () => void {
    const scene = this.#sceneOf(sceneHash);
    scene.holders++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      scene.holders--;
      scene.usedAt = this.#clock.monotonicMs();
      this.#forgetUnloaded(sceneHash);
    };
  }

  #sceneOf(sceneHash: string): HeldScene {
    const scene = this.#scenes.get(sceneHash) ?? { holders: 0, usedAt: 0, gpuBytes: null, loads: 0 };
    this.#scenes.set(sceneHash, scene);
    return scene;
  }

  #forgetUnloaded(sceneHash: string): void {
    const isWanted = this.#loading.has(sceneHash) || this.#scenes.get(sceneHash)?.holders !== 0;
    if (!isWanted && !this.has(sceneHash)) this.#scenes.delete(sceneHash);
  }

  /**
   * Loads a scene that is held, or finds it loaded. Everybody who asks meanwhile waits for the same load, which counts
   * as the first asker's.
   *
   * @throws KilnError what the page says of the scene, or why it was lost
   */
  async load(order: LoadOrder, hooks: CallHooks = {}): Promise<LoadResult> {
    const { source, backend } = order;
    const underWay = this.#loading.get(source.sceneHash);
    if (underWay) {
      const result = { ...(await underWay), loadedNow: false };
      return backend === 'webgl' ? result : this.load(order, hooks);
    }
    const loading = this.#load(order, hooks).finally(() => {
      this.#loading.delete(source.sceneHash);
      this.#forgetUnloaded(source.sceneHash);
      this.#unloadIdle(0);
    });
    this.#loading.set(source.sceneHash, loading);
    return loading;
  }

  async #load({ source, files, backend }: LoadOrder, hooks: CallHooks): Promise<LoadResult> {
    const { sceneHash, entry } = source;
    const scene = { sceneHash, entry, files: source.files.map(({ path, sizeBytes }) => ({ path, sizeBytes })) };
    const held = this.#sceneOf(sceneHash);
    if (held.gpuBytes === null) this.#unloadIdle(1);
    this.#open.site.mountScene(sceneHash, files);
    try {
      const { result } = await this.#limits.within(WORKER_LIMITS.loadMs, 'loading the scene', () =>
        this.#open.client.call('load', { scene, backend }, hooks),
      );
      held.gpuBytes = result.gpuBytes;
      if (result.loadedNow) held.loads += 1;
      return result;
    } finally {
      this.#open.site.unmountScene(sceneHash);
    }
  }

  /**
   * Unloads what nobody holds, the least recently used first, until the page is within its limits. What is held may
   * exceed them.
   *
   * @param more scenes that are about to come
   */
  #unloadIdle(more: number): void {
    const loaded = [...this.#scenes].flatMap(([sceneHash, { gpuBytes, holders, usedAt }]) =>
      gpuBytes === null ? [] : [{ sceneHash, gpuBytes, holders, usedAt }],
    );
    let bytes = loaded.reduce((sum, { gpuBytes }) => sum + gpuBytes, 0);
    let count = loaded.length + more;
    const idle = loaded.filter(({ holders, sceneHash }) => holders === 0 && !this.#loading.has(sceneHash));
    for (const { sceneHash, gpuBytes } of idle.sort((a, b) => a.usedAt - b.usedAt)) {
      if (count <= WORKER_LIMITS.pageScenes && bytes <= WORKER_LIMITS.pageGpuBytes) return;
      this.#scenes.delete(sceneHash);
      count--;
      bytes -= gpuBytes;
      // Its answer says nothing new: if the page is lost, that is told elsewhere.
      this.#open.client.call('unload', { sceneHash }).catch(() => {});
    }
  }

  /** Lets the page read files that settings name, by hash, until the answer is called. */
  lendAssets(files: ReadonlyMap<string, HostedFile>): () => void {
    return this.#open.site.lendAssets(files);
  }

  /** Draws a frame whose turn it is. `timeoutMs` is from now to the encoded picture. */
  async drawFrame(order: DrawOrder, output: OutputFile, timeoutMs: number, hooks: CallHooks): Promise<DrawnFrame> {
    this.#framesDrawn++;
    const drawn = await this.#frameIn(output, (name) =>
      this.#limits.within(timeoutMs, `frame ${order.frameNumber}`, (onDrawn) =>
        this.#open.client.call('frame', { ...order, output: name }, drawnToo(hooks, onDrawn)),
      ),
    );
    this.#count(order.sceneHash, drawn.result.gpuBytes);
    return drawn;
  }

  /** The frame that `draw` answers, which the page may send to `output` instead. */
  async #frameIn(
    { name, diskPath, maxBytes }: OutputFile,
    draw: (name: string) => Promise<PageAnswer<'frame' | 'assemble'>>,
  ): Promise<DrawnFrame> {
    const { site } = this.#open;
    const parts = site.awaitParts(name, diskPath, maxBytes);
    try {
      const { result, bytes } = await draw(name);
      const received = await parts.finish();
      const { sha256 } = result;
      if (!received) return { result, file: { sha256, sizeBytes: bytes.length, content: bytes } };
      const preview = bytes.length > 0 && { preview: { ...measured(bytes), content: bytes } };
      return { result, file: { ...received, content: received }, ...preview };
    } finally {
      site.forgetOutput(name);
      await parts.close();
    }
  }

  /**
   * Draws a part of a frame whose turn it is, or its first samples.
   *
   * @param order with what is stored of a frame that noise or time may end, and of the part's first samples.
   * @param output folder and name of the files of sums.
   * @returns their sums, range after range.
   */
  async drawPiece(
    { before, begun, ...order }: PieceOrder,
    output: OutputFile,
    timeoutMs: number,
    hooks: CallHooks,
  ): Promise<SumsAnswer<'piece'>> {
    this.#framesDrawn++;
    const { client, site } = this.#open;
    const stored = [...(before?.sums ?? []), ...(begun ? [begun] : [])];
    const unmount = site.mountInputs(new Map(stored.map((file) => [file.input, file])));
    const inputs = {
      ...(before && { before: { sums: before.sums.map(inputOf), drawnMs: before.drawnMs } }),
      ...(begun && { begun: inputOf(begun) }),
    };
    try {
      return await this.#sumsIn(output, order.part.samples, async () => {
        const answer = await this.#limits.within(timeoutMs, `a part of frame ${order.frameNumber}`, (onDrawn) =>
          client.call('piece', { ...order, ...inputs, output: output.name }, drawnToo(hooks, onDrawn)),
        );
        this.#count(order.sceneHash, answer.result.gpuBytes);
        return answer;
      });
    } finally {
      unmount();
    }
  }

  /** [LV39] Reads back what is summed of a resting view, and goes on with it. @param output as of `drawPiece`. */
  viewSums(order: ViewSumsArguments, output: OutputFile): Promise<SumsAnswer<'view-sums'>> {
    const samples = { first: 0, count: order.samples };
    return this.#sumsIn(output, samples, () =>
      this.#limits.within(WORKER_LIMITS.loadMs, 'the sums of a live view', () =>
        this.#open.client.call('view-sums', { ...order, output: output.name }),
      ),
    );
  }

  /** Takes the sums that a call makes of these samples. */
  async #sumsIn<K extends 'piece' | 'view-sums'>(
    output: OutputFile,
    samples: SampleRange,
    call: () => Promise<PageAnswer<K>>,
  ): Promise<SumsAnswer<K>> {
    const { site } = this.#open;
    const files = Array.from({ length: mostSums(samples) }, (_, place) => {
      const name = sumsOutput(output.name, place);
      const diskPath = sumsOutput(output.diskPath, place);
      return { name, diskPath, received: site.awaitOutput(name, diskPath, output.maxBytes) };
    });
    try {
      const answer = await call();
      const sums = answer.result.ranges.map((range, place): SumsOfRange => {
        const file = files[place];
        const received = file?.received();
        if (!file || !received) throw new KilnError('render.page_lost', 'the sums of a part did not come');
        return { ...range, name: file.name, diskPath: file.diskPath, file: received };
      });
      return { answer, sums };
    } finally {
      for (const { name } of files) site.forgetOutput(name);
    }
  }

  /** A scene takes more once it was path-traced. */
  #count(sceneHash: string, gpuBytes: number | null): void {
    const scene = this.#scenes.get(sceneHash);
    if (scene && scene.gpuBytes !== null && gpuBytes !== null) scene.gpuBytes = gpuBytes;
  }

  /** Makes a frame of what was drawn of it. */
  async assemble(
    order: FrameOrder & { readonly inStrips: boolean },
    files: readonly SumsFile[],
    output: OutputFile,
    timeoutMs: number,
    hooks: CallHooks,
  ): Promise<DrawnFrame> {
    const unmount = this.#open.site.mountInputs(new Map(files.map((file) => [file.input, file])));
    const sums = files.map(inputOf);
    try {
      return await this.#frameIn(output, (name) =>
        this.#limits.within(timeoutMs, `frame ${order.frameNumber}`, () =>
          this.#open.client.call('assemble', { ...order, sums, output: name }, hooks),
        ),
      );
    } finally {
      unmount();
    }
  }

  /** Draws a live picture whose turn it is. */
  drawLive(order: LiveArguments, hooks: CallHooks): Promise<PageAnswer<'live'>> {
    return this.#limits.within(WORKER_LIMITS.loadMs, 'a live picture', () =>
      this.#open.client.call('live', order, hooks),
    );
  }

  /** Draws more of a resting view whose turn it is. Answers later where there is no room for it now, with its turn over. */
  async refine(order: RefineArguments, hooks: CallHooks): Promise<PageAnswer<'refine'>> {
    const answer = await this.#limits.within(WORKER_LIMITS.loadMs, 'a better live picture', (onDrawn) =>
      this.#open.client.call('refine', order, drawnToo(hooks, onDrawn)),
    );
    this.#count(order.sceneHash, answer.result.gpuBytes);
    if (answer.result.isOver) this.#room.came();
    if (!answer.result.hasRoom) await this.#room.wait(hooks.signal);
    return answer;
  }

  /** [LV41] The picture of a resting view as it stands. */
  standing(order: StandingArguments): Promise<PageAnswer<'standing'>> {
    return this.#limits.within(WORKER_LIMITS.loadMs, 'a live picture as it stands', () =>
      this.#open.client.call('standing', order),
    );
  }

  /** Looks at a point of a live view whose turn it is. */
  async pick(order: PickArguments): Promise<PickedSurface | null> {
    const { result } = await this.#limits.within(WORKER_LIMITS.loadMs, 'a look at a point', () =>
      this.#open.client.call('pick', order),
    );
    return result;
  }

  /** Lets go of what was summed of a resting view. */
  forget(key: string): void {
    // As of `unload`.
    this.#open.client.call('forget', { key }).catch(() => {});
    this.#room.came();
  }

  /** Ends the page, with every call to it. */
  close(reason: KilnError): Promise<void> {
    return this.#open.close(reason);
  }
}

/** The hooks, and one more that is called when the GPU is free. */
const drawnToo = (hooks: CallHooks, onDrawn: () => void): CallHooks => ({
  ...hooks,
  onDrawn: () => {
    onDrawn();
    hooks.onDrawn?.();
  },
});

const measured = (bytes: Uint8Array) => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  sizeBytes: bytes.length,
});

/** Without where it lies. */
const inputOf = ({ region, samples, endedBy, noise, backend, input }: SumsFile): SumsInput => ({
  region,
  samples,
  input,
  ...(endedBy === undefined ? {} : { endedBy }),
  ...(noise === undefined ? {} : { noise }),
  ...(backend === undefined ? {} : { backend }),
});
