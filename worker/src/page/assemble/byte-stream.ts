/** Bytes of a stream, as many as are asked for. */
export class ByteStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunk = new Uint8Array();
  #at = 0;

  constructor(readable: ReadableStream<Uint8Array>) {
    this.#reader = readable.getReader();
  }

  /** @throws when the stream ends before. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(count);
    for (let filled = 0; filled < count; ) {
      if (this.#at === this.#chunk.length) await this.#next();
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

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  async #next(): Promise<void> {
    const { value, done } = await this.#reader.read();
    if (done) throw new Error('the stream ended too early');
    this.#chunk = new Uint8Array(value);
    this.#at = 0;
  }
}
