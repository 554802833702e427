import { KilnError } from '@kiln/shared';

/**
 * A page that ended through no fault of whoever gets this: something else that used it, or its browser, took too long or is
 * no longer wanted. An attempt that fails of it is no try of its task.
 */
export class PageTaken extends KilnError {
  /** @param why a part of a sentence: `frame 6 of another task took more than 1500 ms`. */
  constructor(why: string) {
    super('render.page_lost', `the page was replaced: ${why}`);
  }
}
