import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** With one older file kept, a log takes at most twice this. Enough for days of a laptop's farm. */
const LOG_FILE_BYTES = 10_000_000;

/**
 * A log that is appended to and set aside as `….1` when it is full. Synchronous, so that a crash's last line is there.
 * What cannot be written, as on a full disk, is dropped: a farm does not end for its log.
 */
export class LogFile {
  readonly #path: string;
  readonly #limitBytes: number;
  readonly #onLost: (why: string) => void;
  #descriptor: number;
  #sizeBytes: number;
  #losing = false;

  /** @param onLost is told when lines begin to be dropped: once, until one could be written again. */
  constructor(path: string, onLost: (why: string) => void, limitBytes: number = LOG_FILE_BYTES) {
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
    this.#onLost = onLost;
    this.#limitBytes = limitBytes;
    this.#descriptor = openSync(path, 'a', 0o600);
    this.#sizeBytes = fstatSync(this.#descriptor).size;
  }

  write(chunk: Uint8Array): void {
    try {
      if (this.#sizeBytes > 0 && this.#sizeBytes + chunk.length > this.#limitBytes) this.#rotate();
      this.#sizeBytes += writeSync(this.#descriptor, chunk);
      this.#losing = false;
    } catch (error) {
      if (!this.#losing) this.#onLost(error instanceof Error ? error.message : String(error));
      this.#losing = true;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #rotate(): void {
    renameSync(this.#path, `${this.#path}.1`);
    const full = this.#descriptor;
    this.#descriptor = openSync(this.#path, 'a', 0o600);
    this.#sizeBytes = 0;
    closeSync(full);
  }
}
