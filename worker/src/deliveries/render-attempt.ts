/** Frames of one attempt: the next is drawn while those before are encoded and delivered. */
import { type Assignment, type FrameStages, KilnError, type RenderSettings } from '@kiln/shared';
import { pause } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { PageAnswer } from '../page-host/page-client.ts';
import { Permits } from '../pool/permits.ts';
import type { ScenePage } from '../pool/scene-page.ts';
import { holdScene } from './hold-scene.ts';
import type { AttemptContext } from './work-parts.ts';

export interface RenderWork {
  readonly settings: RenderSettings;
  readonly frames: readonly number[];
}

/** Stages that come before the first frame; later frames do not have them. */
type Preparation = Pick<FrameStages, 'fetch' | 'load'>;

/** @throws KilnError why a frame was not drawn or not taken */
export async function runRender(assignment: Assignment, work: RenderWork, context: AttemptContext): Promise<void> {
  const { pool, lease } = context;
  const { scene } = assignment;
  const { held, fetch } = await holdScene(scene, context);
  try {
    const borrowed = await pool.borrow(assignment.tenantId, 'job', lease.signal);
    try {
      const { page, release } = await borrowed.browser.takeFramePage(scene.sceneHash);
      context.readLog = () => ({ page: page.console, browser: borrowed.browser.logTail });
      try {
        const backend = work.settings.backend === 'webgpu' ? 'webgpu' : 'webgl';
        const { loadedNow, load } = await page.load({ source: scene, files: held.files, backend });
        const preparation = { ...(fetch ? { fetch } : {}), ...(loadedNow ? { load } : {}) };
        await new FrameRun(assignment, work, page, preparation, context).run();
      } finally {
        release();
      }
    } finally {
      borrowed.release();
    }
  } finally {
    held.release();
  }
}

class FrameRun {
  readonly #assignment: Assignment;
  readonly #work: RenderWork;
  readonly #page: ScenePage;
  readonly #context: AttemptContext;
  /** Aborts with the lease, and when a frame fails. */
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  #preparation: Preparation;

  constructor(
    assignment: Assignment,
    work: RenderWork,
    page: ScenePage,
    preparation: Preparation,
    context: AttemptContext,
  ) {
    this.#assignment = assignment;
    this.#work = work;
    this.#page = page;
    this.#preparation = preparation;
    this.#context = context;
    this.#signal = AbortSignal.any([context.lease.signal, this.#failed.signal]);
  }

  async run(): Promise<void> {
    const underWay = new Permits(WORKER_LIMITS.framesUnderWay);
    let delivered: Promise<void> = Promise.resolve();
    try {
      for (const frameNumber of this.#work.frames) {
        const giveBack = await underWay.take(this.#signal);
        const encoded = await this.#draw(frameNumber);
        delivered = this.#deliverAfter(delivered, frameNumber, encoded).finally(giveBack);
        // Whoever waits for all of them hears of it; until then the next draw is not begun.
        delivered.catch((error: unknown) => this.#failed.abort(error));
      }
      await delivered;
    } catch (error) {
      this.#failed.abort(error);
      // What was drawn before the failure is done and counts.
      await delivered.catch(() => {});
      throw error;
    }
  }

  /** Resolves when the frame is drawn, with the promise of its picture. */
  async #draw(frameNumber: number): Promise<{ readonly picture: Promise<PageAnswer<'frame'>> }> {
    const free = await this.#turn();
    let markDrawn = () => {};
    const drawn = new Promise<void>((resolve) => {
      markDrawn = resolve;
    });
    const { scene, timeoutMs } = this.#assignment;
    const { settings } = this.#work;
    const order = { sceneHash: scene.sceneHash, settings, frameNumber };
    const picture = this.#page.drawFrame(order, timeoutMs, {
      onDrawn: () => {
        free();
        markDrawn();
      },
    });
    void this.#abandonUnwanted(picture);
    await drawn;
    // A failure is found by whoever awaits the picture; without this it would count as unhandled until then.
    picture.catch(() => {});
    return { picture };
  }

  /** A slot of the worker and the page's turn; the answer gives both back. */
  async #turn(): Promise<() => void> {
    const leaveSlot = await this.#context.pool.slots.take(this.#signal);
    try {
      const { engine, samples } = this.#work.settings;
      // A path-traced sample alone may take minutes in software, and gives way in pieces.
      const kind = samples > 1 || engine === 'pathtrace' ? 'long-frame' : 'frame';
      const endTurn = await this.#page.turns.take(kind, this.#signal);
      return () => {
        endTurn();
        leaveSlot();
      };
    } catch (error) {
      leaveSlot();
      throw error;
    }
  }

  /** When the attempt is stopped in the middle of a long frame, the page is replaced to free the GPU. */
  async #abandonUnwanted(picture: Promise<unknown>): Promise<void> {
    const { lease } = this.#context;
    const settled = picture.then(
      () => true,
      () => true,
    );
    const stopped = new Promise<false>((resolve) => {
      lease.signal.addEventListener('abort', () => resolve(false), { once: true });
    });
    if (await Promise.race([settled, stopped])) return;
    const over = new AbortController();
    void settled.then(() => over.abort());
    await pause(WORKER_LIMITS.abandonedFrameMs, over.signal);
    if (over.signal.aborted) return;
    await this.#page.close(new KilnError('render.timeout', 'a frame that nobody wants any more was ended'));
  }

  async #deliverAfter(
    before: Promise<void>,
    frameNumber: number,
    { picture }: { readonly picture: Promise<PageAnswer<'frame'>> },
  ): Promise<void> {
    await before;
    const answer = await picture;
    const { client, clock, lease, log, membership } = this.#context;
    const result = { ...this.#describe(answer), sentAtMs: clock.unixMs() };
    const frame = { result, mediaType: answer.result.mediaType, bytes: answer.bytes };
    lease.signal.throwIfAborted();
    if (!lease.isHeld()) throw new KilnError('attempt.stale', 'the lease ran out before the frame was delivered');
    await membership.persist(() => client.deliverFrame(lease, frameNumber, frame, lease.signal), lease.signal);
    log.debug({ frameNumber, sizeBytes: answer.bytes.length }, 'delivered a frame');
  }

  #describe({ result, bytes }: PageAnswer<'frame'>) {
    const preparation = this.#preparation;
    this.#preparation = {};
    return {
      sha256: result.sha256,
      sizeBytes: bytes.length,
      stages: { ...preparation, draw: result.draw, encode: result.encode },
      statistics: result.statistics,
    };
  }
}
