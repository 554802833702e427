import { PAGE_LIMITS } from './limits.ts';

const exposed: unknown = Reflect.get(globalThis, 'gc');

/**
 * Has V8 collect garbage once in so many pictures: by itself it looks at the small objects of JavaScript, not at the
 * blobs behind them, and the browser's process grew by 25 MB in 1,000 pictures of 160 × 90 before they were let go.
 *
 * Costs an encode worker 5 to 15 ms each time; the page itself counts frames of jobs only, so that no live picture waits
 * for it. `gc` is there by `--js-flags=--expose-gc`; without it nothing happens.
 */
export class Garbage {
  #pictures = 0;

  /** To be called once a picture, when nobody waits for it any more. */
  count(): void {
    this.#pictures += 1;
    if (this.#pictures % PAGE_LIMITS.picturesPerCollection === 0 && typeof exposed === 'function') exposed();
  }
}
