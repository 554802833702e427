/** Frames of one attempt: the next is drawn while those before are encoded and delivered. */
import { rm } from 'node:fs/promises';
import type { Assignment, RenderSettings } from '@kiln/shared';
import { WORKER_LIMITS } from '../limits.ts';
import type { DrawnFrame } from '../pool/page-orders.ts';
import { Permits } from '../pool/permits.ts';
import type { ScenePage } from '../pool/scene-page.ts';
import { outputIn, withFolder } from './attempt-folder.ts';
import { chosenBackend } from './chosen-backend.ts';
import { deliverFrame } from './deliver-frame.ts';
import { abandonUnwanted, drawingTurn } from './drawing-turn.ts';
import { type Preparation, withScenePage } from './scene-page-attempt.ts';
import type { AttemptContext } from './work-parts.ts';

export interface RenderWork {
  readonly settings: RenderSettings;
  readonly frames: readonly number[];
}

/** @throws KilnError why a frame was not drawn or not taken */
export async function runRender(assignment: Assignment, work: RenderWork, context: AttemptContext): Promise<void> {
  await withScenePage(assignment, work, context, (page, load) =>
    withFolder(context, 'frames', async (folder) => {
      await new FrameRun(assignment, work, { page, folder }, await load(), context).run();
    }),
  );
}

/** Where frames are drawn, and where large ones lie until they are delivered. */
interface FramePlace {
  readonly page: ScenePage;
  readonly folder: string;
}

class FrameRun {
  readonly #assignment: Assignment;
  readonly #work: RenderWork;
  readonly #page: ScenePage;
  readonly #folder: string;
  readonly #context: AttemptContext;
  /** Aborts with the lease, and when a frame fails. */
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  #preparation: Preparation;

  constructor(
    assignment: Assignment,
    work: RenderWork,
    { page, folder }: FramePlace,
    preparation: Preparation,
    context: AttemptContext,
  ) {
    this.#assignment = assignment;
    this.#work = work;
    this.#page = page;
    this.#folder = folder;
    this.#preparation = preparation;
    this.#context = context;
    this.#signal = AbortSignal.any([context.lease.signal, this.#failed.signal]);
  }

  async run(): Promise<void> {
    const underWay = new Permits(WORKER_LIMITS.framesUnderWay);
    let delivered: Promise<void> = Promise.resolve();
    try {
      for (const frameNumber of this.#work.frames) {
        const permit = await underWay.take(this.#signal);
        const encoded = await this.#draw(frameNumber);
        delivered = this.#deliverAfter(delivered, frameNumber, encoded).finally(() => permit.giveBack());
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
  async #draw(frameNumber: number): Promise<{ readonly picture: Promise<DrawnFrame> }> {
    const turn = await drawingTurn(this.#assignment, this.#page, this.#work.settings, this.#context, this.#signal);
    let markDrawn = () => {};
    const drawn = new Promise<void>((resolve) => {
      markDrawn = resolve;
    });
    const { scene, timeoutMs } = this.#assignment;
    const { settings } = this.#work;
    const { autoBackends, lease, progress } = this.#context;
    const backend = chosenBackend(settings, autoBackends);
    const order = { sceneHash: scene.sceneHash, settings, backend, frameNumber };
    const picture = this.#page.drawFrame(order, outputIn(this.#folder), timeoutMs, {
      onDrawn: () => {
        turn.end();
        markDrawn();
      },
      signal: this.#signal,
      onProgress: (fraction) => progress.note(lease.attemptId, frameNumber, Math.round(fraction * settings.samples)),
    });
    void abandonUnwanted(picture, { page: this.#page, lease, isDrawn: turn.isOver });
    await drawn;
    // A failure is found by whoever awaits the picture; without this it would count as unhandled until then.
    picture.catch(() => {});
    return { picture };
  }

  async #deliverAfter(
    before: Promise<void>,
    frameNumber: number,
    { picture }: { readonly picture: Promise<DrawnFrame> },
  ): Promise<void> {
    await before;
    const drawn = await picture;
    const preparation = this.#preparation;
    this.#preparation = {};
    const { draw, encode } = drawn.result;
    await deliverFrame(this.#context, frameNumber, drawn, { ...preparation, draw, encode });
    const { content, sizeBytes } = drawn.file;
    if ('diskPath' in content) await rm(content.diskPath, { force: true });
    this.#context.log.debug({ frameNumber, sizeBytes }, 'delivered a frame');
  }
}
