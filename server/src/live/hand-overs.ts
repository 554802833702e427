/** [LV39] What the worker of a session is asked to hand over of its view: once at a time, and for so long. */
import { type HandedSums, type HandOver, KilnError, LIMITS } from '@kiln/shared';
import { LIVE_LIMITS } from '../dispatch/limits.ts';

interface Open {
  readonly id: number;
  readonly settle: (sums: HandedSums | null) => void;
  timer: NodeJS.Timeout;
}

export class HandOvers {
  #open: Open | null = null;
  #lastId = 0;

  /**
   * @param send to the worker.
   * @returns what it has handed over; null where it has not answered in time, or is gone.
   * @throws KilnError `request.too_many` while another one is under way.
   */
  ask(wanted: Pick<HandOver, 'input' | 'samples'>, send: (message: HandOver) => void): Promise<HandedSums | null> {
    if (this.#open) {
      throw new KilnError('request.too_many', '[LV39] this view is being handed over to another job; try again');
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<HandedSums | null>((resolve) => {
      // Workers of before say nothing.
      const timer = setTimeout(() => this.drop(), LIVE_LIMITS.handOverAnswerMs);
      this.#open = { id, settle: resolve, timer };
    });
    send({ type: 'hand-over', id, ...wanted });
    return answer;
  }

  take(message: HandedSums): void {
    const open = this.#open;
    if (open?.id !== message.id) return;
    if (message.over) this.#end(message);
    else {
      clearTimeout(open.timer);
      open.timer = setTimeout(() => this.drop(), LIMITS.liveHandOverMs);
    }
  }

  /** Nothing comes any more. */
  drop(): void {
    this.#end(null);
  }

  #end(sums: HandedSums | null): void {
    const open = this.#open;
    if (!open) return;
    this.#open = null;
    clearTimeout(open.timer);
    open.settle(sums);
  }
}
