/** Bytes on their way into a store: hashed and counted as they pass. */
import { createHash } from 'node:crypto';
import { KilnError } from '@kiln/shared';
import type { PutOptions, StoredObject } from './object-store.ts';

export class HashedBytes implements AsyncIterable<Uint8Array> {
  readonly #bytes: AsyncIterable<Uint8Array>;
  readonly #options: PutOptions;
  #stored: StoredObject | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(bytes: AsyncIterable<Uint8Array>, options: PutOptions) {
    this.#bytes = bytes;
    this.#options = options;
  }

  /** What passed. @throws Error before all of it has. */
  get stored(): StoredObject {
    if (this.#stored === null) throw new Error('the bytes have not all passed');
    return this.#stored;
  }

  /** That the bytes could not be had, or are not those that were announced; null when they are not at fault. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** To be read once. @throws KilnError `upload.over_limit`, `upload.hash_mismatch`; what the source throws. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { maxBytes, expectSha256 } = this.#options;
    const hash = createHash('sha256');
    let sizeBytes = 0;
    try {
      for await (const chunk of this.#bytes) {
        sizeBytes += chunk.byteLength;
        if (sizeBytes > maxBytes) throw new KilnError('upload.over_limit', `more than ${maxBytes} bytes came`);
        hash.update(chunk);
        yield chunk;
      }
      const sha256 = hash.digest('hex');
      if (sha256 !== expectSha256) {
        throw new KilnError(
          'upload.hash_mismatch',
          `expected bytes whose SHA-256 is ${expectSha256}, got ${sizeBytes} bytes whose SHA-256 is ${sha256}: send them again`,
        );
      }
      this.#stored = { sha256, sizeBytes };
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}
