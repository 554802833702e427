/**
 * The first picture of a movement would take as long as a GPU needs to make its programs ready, which is many pictures' time: one
 * that nobody sees takes that while nothing moves yet.
 */
import type { Log } from '../log.ts';
import type { DrawnTime } from './drawn-time.ts';
import { drawOrder, type LiveStage } from './live-stage.ts';
import type { PicturePlan } from './picture-plan.ts';

export class Rehearsal {
  readonly #stage: Pick<LiveStage, 'turn' | 'draw' | 'sceneHash'>;
  readonly #log: Log;
  readonly #drawn: DrawnTime;
  #isOver = false;

  constructor(stage: LiveStage, log: Log, drawn: DrawnTime) {
    this.#stage = stage;
    this.#log = log;
    this.#drawn = drawn;
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
  due(moving: PicturePlan | null): PicturePlan | null {
    return this.#isOver || moving?.wanted.view.depth !== true ? null : moving;
  }

  /**
   * Never rejects. Resolves when the page is free again.
   *
   * @param plan what it is to be, once the page has its turn; null: nothing any more.
   */
  async draw(plan: () => PicturePlan | null, signal: AbortSignal): Promise<void> {
    const letGo = await this.#stage.turn('live', signal).catch(() => null);
    if (!letGo) return;
    const planned = plan();
    if (!planned) {
      letGo();
      return;
    }
    this.#isOver = true;
    const free = this.#drawn.until(letGo);
    const order = drawOrder(planned, this.#stage.sceneHash, null);
    await new Promise<void>((resolve) => {
      const isFree = () => {
        free();
        resolve();
      };
      this.#stage
        .draw(order, { onDrawn: isFree })
        .catch((error: unknown) => this.#log.info({ err: error }, 'a picture that was only to be tried failed'))
        .finally(isFree);
    });
  }
}
