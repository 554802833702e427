/** Bytes, addressed by their SHA-256. What is here was whole and durable before it got its name. */
import type { Readable } from 'node:stream';

export interface StoredObject {
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface PutOptions {
  readonly maxBytes: number;
  /** The name that the bytes get, which must be theirs. */
  readonly expectSha256: string;
}

export interface PutFileOptions {
  readonly maxBytes: number;
  /** Absent: the file is read twice. */
  readonly expectSha256?: string;
}

/** Both ends inclusive, counted from 0, as in an HTTP range. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Every method throws KilnError `storage.unavailable` when the store does not answer. */
export interface ObjectStore {
  /** Whether its bytes take room of the disk that KILN_HOME is on. */
  readonly isOnDisk: boolean;
  /**
   * Streams bytes in, hashing as they pass. Nothing is kept when it throws. Bytes that come again count as put now.
   *
   * @throws KilnError `upload.hash_mismatch`, `upload.over_limit`, `storage.full`, `storage.unavailable`; what the source
   *   throws.
   */
  put(bytes: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject>;
  /** Stores a copy of a file's bytes, hashing what is copied; the file stays the caller's. Throws as `put`. */
  putFile(path: string, options: PutFileOptions): Promise<StoredObject>;
  /**
   * The stream may be read slowly, and either gives every byte or fails.
   *
   * @throws KilnError `resource.not_found` when it is not here.
   */
  get(sha256: string, range?: ByteRange): Promise<Readable>;
  /** Null when it is not here. */
  size(sha256: string): Promise<number | null>;
  has(sha256: string): Promise<boolean>;
  /** When these bytes were last put; null when they are not here. */
  storedAt(sha256: string): Promise<Date | null>;
  /** Deleting what is not here is no error. */
  delete(sha256: string): Promise<void>;
  list(): AsyncIterable<StoredObject>;
  /**
   * Removes what puts left that were cut off with their process.
   *
   * @param before what was begun since may still be under way.
   * @returns how many there were.
   */
  removeUnfinished(before: Date): Promise<number>;
  /** Bytes that may still be put, 0 or less when it is full; null where the store has no end. */
  freeBytes(): Promise<number | null>;
  /** Lets go of what the store holds open. */
  close(): Promise<void>;
}
