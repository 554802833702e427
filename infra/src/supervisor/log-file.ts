import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** With one older file kept, a log takes at most twice this. Enough for days of a laptop's farm. */
const LOG_FILE_BYTES = 10_000_000;

/** A log that is appended to and set aside as `….1` when it is full. Synchronous, so that a crash's last line is there. */
export class LogFile {
  readonly #path: string;
  readonly #limitBytes: number;
  #descriptor: number;
  #sizeBytes: number;

  constructor(path: string, limitBytes: number = LOG_FILE_BYTES) {
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
    this.#limitBytes = limitBytes;
    this.#descriptor = openSync(path, 'a', 0o600);
    this.#sizeBytes = fstatSync(this.#descriptor).size;
  }

  write(chunk: Uint8Array): void {
    if (this.#sizeBytes > 0 && this.#sizeBytes + chunk.length > this.#limitBytes) this.#rotate();
    this.#sizeBytes += writeSync(this.#descriptor, chunk);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #rotate(): void {
    closeSync(this.#descriptor);
    renameSync(this.#path, `${this.#path}.1`);
    this.#descriptor = openSync(this.#path, 'a', 0o600);
    this.#sizeBytes = 0;
  }
}
