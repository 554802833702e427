/** Counts what a download brings, in front of the one who shows it. */
import type { Film, Frame } from '@kiln/shared';

interface Files {
  readonly frames: number;
  readonly films: number;
  /** Of both, those that were on this disk before. */
  readonly thereBefore: number;
  readonly fetchedBytes: number;
}

export class FetchedFiles {
  #files: Files = { frames: 0, films: 0, thereBefore: 0, fetchedBytes: 0 };

  get files(): Files {
    return this.#files;
  }

  frame({ files }: Frame, isNew: boolean): void {
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    this.#add({ frames: 1 }, sizeBytes, isNew);
  }

  film({ sizeBytes }: Film, isNew: boolean): void {
    this.#add({ films: 1 }, sizeBytes ?? 0, isNew);
  }

  #add(
    { frames = 0, films = 0 }: { readonly frames?: number; readonly films?: number },
    bytes: number,
    isNew: boolean,
  ) {
    const before = this.#files;
    this.#files = {
      frames: before.frames + frames,
      films: before.films + films,
      thereBefore: before.thereBefore + (isNew ? 0 : 1),
      fetchedBytes: before.fetchedBytes + (isNew ? bytes : 0),
    };
  }
}
