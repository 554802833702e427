/** The zlib stream (RFC 1950) that PNG, TIFF and OpenEXR want, as every browser makes it and reads it. */

/** The whole of `bytes` as one zlib stream. They may be written over afterwards. */
export async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new CompressionStream('deflate');
  const writer = writable.getWriter();
  const [deflated] = await Promise.all([new Response(readable).arrayBuffer(), writer.write(bytes), writer.close()]);
  return new Uint8Array(deflated);
}

/** What `deflate` made. */
export async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new DecompressionStream('deflate');
  const writer = writable.getWriter();
  const [inflated] = await Promise.all([new Response(readable).arrayBuffer(), writer.write(bytes), writer.close()]);
  return new Uint8Array(inflated);
}

/**
 * One zlib stream of bytes that come piece by piece. What comes out depends on the bytes, not on how they were divided:
 * it is cut into pieces of one size.
 */
export class Deflater {
  readonly #writer: WritableStreamDefaultWriter<BufferSource>;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  readonly #ended: Promise<void>;

  /** @param pieceBytes of each piece of the result; the last may be shorter. */
  constructor(pieceBytes: number) {
    const { readable, writable } = new CompressionStream('deflate');
    this.#writer = writable.getWriter();
    this.#ended = cut(readable, pieceBytes, this.#pieces);
    // Whoever finishes hears of it.
    this.#ended.catch(() => {});
  }

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#writer.write(bytes);
  }

  /** The pieces that are ready, each given once. */
  drain(): Uint8Array<ArrayBuffer>[] {
    return this.#pieces.splice(0);
  }

  /** The pieces that are left. */
  async finish(): Promise<Uint8Array<ArrayBuffer>[]> {
    await this.#writer.close();
    await this.#ended;
    return this.drain();
  }
}

async function cut(
  readable: ReadableStream<Uint8Array>,
  pieceBytes: number,
  pieces: Uint8Array<ArrayBuffer>[],
): Promise<void> {
  let piece = new Uint8Array(pieceBytes);
  let filled = 0;
  for await (const bytes of readable) {
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + pieceBytes - filled);
      piece.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled < pieceBytes) continue;
      pieces.push(piece);
      piece = new Uint8Array(pieceBytes);
      filled = 0;
    }
  }
  if (filled > 0) pieces.push(piece.slice(0, filled));
}
