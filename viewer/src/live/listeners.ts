/** Listeners that go together. */
export class Listeners {
  readonly #undo: (() => void)[] = [];

  add(target: EventTarget, name: string, listener: () => void, options: AddEventListenerOptions = {}): void {
    target.addEventListener(name, listener, options);
    this.undoes(() => target.removeEventListener(name, listener, options));
  }

  /** @param undo takes a listener away that somebody else has added. */
  undoes(undo: () => void): void {
    this.#undo.push(undo);
  }

  remove(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }
}
