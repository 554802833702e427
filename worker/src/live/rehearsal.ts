/**
 * The first picture of a movement would take as long as a GPU needs to make its programs ready, which is many pictures' time: one
 * that nobody sees takes that while nothing moves yet.
 */
import type { Log } from '../log.ts';
import { drawOrder, type LiveStage } from './live-stage.ts';
import type { PicturePlan } from './picture-plan.ts';

export class Rehearsal {
  readonly #stage: Pick<LiveStage, 'turn' | 'draw' | 'sceneHash'>;
  readonly #log: Log;
  #isOver = false;

  constructor(stage: LiveStage, log: Log) {
    this.#stage = stage;
    this.#log = log;
  }

  /** A picture is drawn that is seen. */
  begun({ level }: PicturePlan): void {
    if (level === 'moving') this.#isOver = true;
  }

  /** The page is another. */
  restart(): void {
    this.#isOver = false;
  }

  /** @param moving what would be drawn if the hand moved: where the viewer warps, pictures are others than those at rest. */
  isDue(moving: PicturePlan | null): boolean {
    return !this.#isOver && moving?.wanted.view.depth === true;
  }

  /** Never rejects. @param until is told what frees the page, and gives what is to be called then. */
  async draw(plan: PicturePlan, until: (free: () => void) => () => void, signal: AbortSignal): Promise<void> {
    this.#isOver = true;
    const letGo = await this.#stage.turn('live', signal).catch(() => null);
    if (!letGo) return;
    const free = until(letGo);
    try {
      await this.#stage.draw(drawOrder(plan, this.#stage.sceneHash, null), { onDrawn: free });
    } catch (error) {
      this.#log.info({ err: error }, 'a picture that was only to be tried failed');
    } finally {
      free();
    }
  }
}
