/** Where a part of a file goes. */
export interface FilmWrite {
  readonly position: number;
  readonly sizeBytes: number;
}

/** Bytes of a file that grows: kept until they are taken, so that no film lies in the page whole. */
export class FilmBytes {
  #writes: FilmWrite[] = [];
  #parts: Uint8Array[] = [];
  #end = 0;

  /** Length of the file so far. */
  get end(): number {
    return this.#end;
  }

  write(position: number, bytes: Uint8Array): void {
    this.#writes.push({ position, sizeBytes: bytes.length });
    // The writer may use its buffer again.
    this.#parts.push(bytes.slice());
    this.#end = Math.max(this.#end, position + bytes.length);
  }

  append(bytes: Uint8Array): void {
    this.write(this.#end, bytes);
  }

  /** What was written since it was last asked, in the order of writing. */
  take(): { readonly writes: readonly FilmWrite[]; readonly bytes: ArrayBuffer } {
    const writes = this.#writes;
    const bytes = new Uint8Array(writes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#writes = [];
    this.#parts = [];
    return { writes, bytes: bytes.buffer };
  }
}
