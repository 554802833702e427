import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface OpenedRange {
  readonly bytes: Readable;
  readonly lengthBytes: number;
}

export interface ResumeOptions {
  /** Without a byte in between. */
  readonly tries: number;
  readonly waitMs: number;
}

/**
 * A stream that goes on where it broke off, by another request: the other side may close a connection that is read
 * slowly, or be restarted meanwhile.
 *
 * @param open opens what begins at this byte; called for the first byte before this returns.
 * @throws what the first `open` throws; the stream fails with the last error.
 */
export async function resumedStream(
  first: number,
  open: (first: number) => Promise<OpenedRange>,
  { tries, waitMs }: ResumeOptions,
): Promise<Readable> {
  let current = await open(first);
  const end = first + current.lengthBytes;
  let isClosed = false;

  async function* read(): AsyncGenerator<Uint8Array> {
    let offset = first;
    for (let failures = 0; ; ) {
      try {
        for await (const chunk of current.bytes) {
          failures = 0;
          offset += chunk.byteLength;
          yield chunk;
        }
        if (offset === end) return;
        throw new Error(`the stream ended at byte ${offset} of ${end}`);
      } catch (error) {
        current.bytes.destroy();
        if (isClosed || ++failures > tries) throw error;
        await sleep(waitMs * 2 ** (failures - 1));
        if (isClosed) throw error;
        current = await open(offset).catch((cause: unknown) => ({ bytes: failing(cause), lengthBytes: 0 }));
        if (isClosed) current.bytes.destroy();
      }
    }
  }

  const stream = Readable.from(read(), { objectMode: false });
  stream.once('close', () => {
    isClosed = true;
    current.bytes.destroy();
  });
  return stream;
}

/** Fails when it is read, as a connection does that breaks at once. */
const failing = (error: unknown): Readable =>
  new Readable({
    read() {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  });
