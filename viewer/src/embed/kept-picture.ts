/** The last picture of a view that was given back, where it was: so that nothing is to be seen of that. */
export class KeptPicture {
  readonly #stage: HTMLElement;
  #copy: HTMLCanvasElement | null = null;

  constructor(stage: HTMLElement) {
    this.#stage = stage;
  }

  get isThere(): boolean {
    return this.#copy !== null;
  }

  /** @param canvas with the picture; it may go then. */
  keep(canvas: HTMLCanvasElement): void {
    const copy = document.createElement('canvas');
    copy.width = canvas.width;
    copy.height = canvas.height;
    copy.getContext('2d')?.drawImage(canvas, 0, 0);
    copy.setAttribute('role', 'img');
    copy.setAttribute('aria-label', canvas.getAttribute('aria-label') ?? '');
    this.drop();
    this.#stage.prepend(copy);
    this.#copy = copy;
  }

  drop(): void {
    this.#copy?.remove();
    this.#copy = null;
  }
}
