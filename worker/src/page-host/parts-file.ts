import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

interface WholeFile {
  readonly diskPath: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * A file that a page sends part by part, each to its place: the head of some formats is known when the rest is written.
 * No part is held here longer than it takes to write it, and the page sends the next when it has.
 */
export class PartsFile {
  readonly #diskPath: string;
  readonly #maxBytes: number;
  #opening: Promise<FileHandle> | null = null;
  #writtenBytes = 0;
  #endBytes = 0;

  /** @param diskPath of a file that does not exist yet, and is made with the first part. */
  constructor(diskPath: string, maxBytes: number) {
    this.#diskPath = diskPath;
    this.#maxBytes = maxBytes;
  }

  /** @throws when it is more than the file may have. */
  async write(position: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    this.#opening ??= open(this.#diskPath, 'wx', 0o600);
    const file = await this.#opening;
    let at = position;
    for await (const chunk of bytes) {
      if (at + chunk.length > this.#maxBytes) throw new Error(`the page sent more than ${this.#maxBytes} bytes`);
      for (let from = 0; from < chunk.length; ) {
        const { bytesWritten } = await file.write(chunk, from, chunk.length - from, at + from);
        from += bytesWritten;
      }
      at += chunk.length;
      this.#writtenBytes += chunk.length;
      this.#endBytes = Math.max(this.#endBytes, at);
    }
  }

  /**
   * What came, whole; null when no part did. Hashed as it lies on the disk.
   *
   * @throws when there is a gap in it, or a part came twice.
   */
  async finish(): Promise<WholeFile | null> {
    if (!this.#opening) return null;
    await this.close();
    if (this.#writtenBytes !== this.#endBytes) {
      throw new Error(`the parts of a file are ${this.#writtenBytes} bytes, and it ends at ${this.#endBytes}`);
    }
    const hash = createHash('sha256');
    await pipeline(createReadStream(this.#diskPath), hash);
    return { diskPath: this.#diskPath, sizeBytes: this.#endBytes, sha256: hash.digest('hex') };
  }

  /** Takes no more. */
  async close(): Promise<void> {
    const file = await this.#opening?.catch(() => null);
    await file?.close().catch(() => {});
  }
}
