/** Counts what a download brings, in front of the one who shows it. */

interface Files {
  readonly frames: number;
  readonly films: number;
  /** Of both, those that were on this disk before. */
  readonly thereBefore: number;
  /** What came from the farm: of a file that was gone on with, the rest. */
  readonly fetchedBytes: number;
}

export class FetchedFiles {
  #files: Files = { frames: 0, films: 0, thereBefore: 0, fetchedBytes: 0 };

  get files(): Files {
    return this.#files;
  }

  frame(isNew: boolean): void {
    const { frames } = this.#files;
    this.#add({ frames: frames + 1 }, isNew);
  }

  film(isNew: boolean): void {
    const { films } = this.#files;
    this.#add({ films: films + 1 }, isNew);
  }

  received(sizeBytes: number): void {
    this.#files = { ...this.#files, fetchedBytes: this.#files.fetchedBytes + sizeBytes };
  }

  #add(more: Partial<Files>, isNew: boolean): void {
    const { thereBefore } = this.#files;
    this.#files = { ...this.#files, ...more, thereBefore: thereBefore + (isNew ? 0 : 1) };
  }
}
