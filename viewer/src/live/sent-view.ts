import type { LiveView } from '@kiln/shared';

/** The view as the server has it, and whether it may be another now: looked at once per display frame. */
export class SentView {
  /** As JSON. */
  #text = '';
  #mayDiffer = false;

  changed(): void {
    this.#mayDiffer = true;
  }

  /** The server may have any other. */
  forget(): void {
    this.#text = '';
    this.#mayDiffer = true;
  }

  /** It was told. @returns it. */
  told(view: LiveView): LiveView {
    this.#text = JSON.stringify(view);
    return view;
  }

  /** What is to be told now; null where the server has it. */
  next(viewNow: () => LiveView): LiveView | null {
    if (!this.#mayDiffer) return null;
    this.#mayDiffer = false;
    const view = viewNow();
    return JSON.stringify(view) === this.#text ? null : this.told(view);
  }
}
