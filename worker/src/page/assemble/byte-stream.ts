/** Asked for at once: a few rows of sums. */
const READ_BYTES = 262_144;

/**
 * Bytes of a file at an address, as many as are asked for. They are asked for piece by piece: of all the files that a
 * frame is made of none is held open, for a browser opens six connections at a time.
 */
export class ByteStream {
  readonly #url: string;
  #chunk = new Uint8Array();
  #at = 0;
  #nextByte = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /** @throws when the file ends before. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(count);
    for (let filled = 0; filled < count; ) {
      if (this.#at === this.#chunk.length) await this.#read(Math.max(READ_BYTES, count - filled));
      const part = this.#chunk.subarray(this.#at, this.#at + count - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#at += part.length;
    }
    return bytes;
  }

  async view(count: number): Promise<DataView> {
    return new DataView((await this.take(count)).buffer);
  }

  /** Text up to a zero byte, which is left out. */
  async zeroEnded(): Promise<string> {
    let text = '';
    for (;;) {
      const [byte = 0] = await this.take(1);
      if (byte === 0) return text;
      text += String.fromCharCode(byte);
    }
  }

  async #read(count: number): Promise<void> {
    const range = `bytes=${this.#nextByte}-${this.#nextByte + count - 1}`;
    const response = await fetch(this.#url, { headers: { range } });
    if (response.status !== 206) throw new Error(`sums of the frame are missing or too short: ${response.status}`);
    this.#chunk = new Uint8Array(await response.arrayBuffer());
    this.#at = 0;
    this.#nextByte += this.#chunk.length;
  }
}
