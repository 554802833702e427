/** Whether an element can be seen: it is on a page, within what is on the screen of it, and the page is not hidden. */
import { watchPage } from '../live/hidden-page.ts';

interface PresenceEvents {
  resized(): void;
  seen(): void;
  /** It has been out of sight for a while. */
  unseen(): void;
  /** @param isGone with its page, which may be loaded again. */
  left(isGone: boolean): void;
}

/** Who scrolls by comes back to it; what is far off leaves its worker, and its graphics, to what is seen. */
const UNSEEN_MS = 15_000;

export class Presence {
  readonly #element: HTMLElement;
  readonly #events: PresenceEvents;
  readonly #resizes: ResizeObserver;
  readonly #sight: IntersectionObserver;
  #isInSight = false;
  #unseenTimer: ReturnType<typeof setTimeout> | undefined;
  #unwatchPage: (() => void) | null = null;

  constructor(element: HTMLElement, events: PresenceEvents) {
    this.#element = element;
    this.#events = events;
    this.#resizes = new ResizeObserver(() => events.resized());
    this.#sight = new IntersectionObserver((entries) => this.#seen(entries.at(-1)?.isIntersecting ?? false));
  }

  get isSeen(): boolean {
    return this.#element.isConnected && this.#isInSight && !document.hidden;
  }

  /** To be called whenever the element comes to a page, or to another place of it. */
  connected(): void {
    this.#resizes.observe(this.#element);
    this.#sight.observe(this.#element);
    this.#unwatchPage ??= watchPage({ left: this.#events.left, seen: this.#events.seen });
  }

  /** What is only moved is connected again before the script that moves it is over: it has not left. */
  disconnected(): void {
    this.#resizes.disconnect();
    this.#sight.disconnect();
    queueMicrotask(() => {
      if (!this.#element.isConnected) this.#removed();
    });
  }

  #removed(): void {
    this.#unwatchPage?.();
    this.#unwatchPage = null;
    this.#isInSight = false;
    clearTimeout(this.#unseenTimer);
    this.#events.left(false);
  }

  #seen(isInSight: boolean): void {
    this.#isInSight = isInSight;
    clearTimeout(this.#unseenTimer);
    if (isInSight) this.#events.seen();
    else this.#unseenTimer = setTimeout(() => this.#events.unseen(), UNSEEN_MS);
  }
}
