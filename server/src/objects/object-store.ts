/** Bytes, addressed by their SHA-256. What is here was whole and durable before it got its name. */
import type { Readable } from 'node:stream';

export interface StoredObject {
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface PutOptions {
  readonly maxBytes: number;
  readonly expectSha256?: string;
}

/** Both ends inclusive, counted from 0, as in an HTTP range. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface ObjectStore {
  /**
   * Streams bytes in, hashing as they pass. Nothing is kept when it throws.
   *
   * @throws KilnError `upload.hash_mismatch`, `upload.over_limit`, `storage.full`.
   */
  put(bytes: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject>;
  /** Stores a copy of a file's bytes, hashing what is copied; the file stays the caller's. Throws as `put`. */
  putFile(path: string, options: PutOptions): Promise<StoredObject>;
  /** @throws KilnError `resource.not_found` when it is not here. */
  get(sha256: string, range?: ByteRange): Promise<Readable>;
  /** Null when it is not here. */
  size(sha256: string): Promise<number | null>;
  has(sha256: string): Promise<boolean>;
  /** When these bytes were last put; null when they are not here. */
  storedAt(sha256: string): Promise<Date | null>;
  /** Deleting what is not here is no error. */
  delete(sha256: string): Promise<void>;
  list(): AsyncIterable<StoredObject>;
  /** Bytes that may still be put, 0 or less when it is full; null where the store has no end. */
  freeBytes(): Promise<number | null>;
  /** Lets go of what the store holds open. */
  close(): Promise<void>;
}
