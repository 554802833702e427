/**
 * Scene files on this machine's disk, by content hash. A file is there whole and verified, or not at all: it is written
 * beside its place, hashed on the way, and renamed. Above the limit, what was used longest ago goes first; what is in
 * use never goes. One process has a folder to itself: another's would neither know what is in use, nor count its bytes.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KilnError, type SceneFile } from '@kiln/shared';
import type { Log } from '../log.ts';
import type { HostedFile } from '../page-host/page-site.ts';

/** Bytes of a file from wherever it comes from. */
export type FetchFile = (file: SceneFile, signal: AbortSignal) => Promise<ReadableStream<Uint8Array> | Readable>;

interface Entry {
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  usedAt: number;
  /** Holders; above 0 the file stays. */
  holds: number;
  /** This process has seen that the bytes hash to the name. */
  verified: boolean;
}

export interface SceneCacheOptions {
  /** Of this process alone. */
  readonly folder: string;
  /** Bytes of all files in it, those under way included. */
  readonly limitBytes: number;
  readonly log: Log;
}

export interface HeldFiles {
  /** Files by path within the scene; they stay on disk until `release`. */
  readonly files: ReadonlyMap<string, HostedFile>;
  /** Bytes that were fetched for this. 0: everything was here. */
  readonly fetchedBytes: number;
  release(): void;
}

export class SceneCache {
  readonly #options: SceneCacheOptions;
  readonly #entries = new Map<string, Entry>();
  /** Checks and fetches under way, by hash: two askers wait for one. */
  readonly #arrivals = new Map<string, Promise<number>>();
  #bytes = 0;
  /** Bytes of fetches under way. */
  #arriving = 0;

  private constructor(options: SceneCacheOptions) {
    this.#options = options;
  }

  /** Reads what the folder holds, removes what an earlier process left half-written, and keeps to the limit. */
  static async open(options: SceneCacheOptions): Promise<SceneCache> {
    const cache = new SceneCache(options);
    await rm(cache.arrivalFolder, { recursive: true, force: true });
    await mkdir(cache.arrivalFolder, { recursive: true });
    for (const name of await readdir(options.folder)) {
      if (!/^[0-9a-f]{64}$/.test(name)) continue;
      const { size, mtimeMs } = await stat(join(options.folder, name));
      cache.#entries.set(name, { sizeBytes: size, usedAt: mtimeMs, holds: 0, verified: false });
      cache.#bytes += size;
    }
    await cache.#makeRoom(0);
    return cache;
  }

  /** What is not whole yet lies here; what an earlier process left is removed when the cache is opened. */
  get arrivalFolder(): string {
    return join(this.#options.folder, 'arriving');
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  /**
   * Brings all files here and keeps them until `release`.
   *
   * @throws KilnError `upload.hash_mismatch`, `storage.full`; what `fetchFile` throws
   */
  async hold(files: readonly SceneFile[], fetchFile: FetchFile, signal: AbortSignal): Promise<HeldFiles> {
    const held: Entry[] = [];
    const release = () => {
      for (const entry of held.splice(0)) entry.holds--;
    };
    let fetchedBytes = 0;
    const found = new Map<string, HostedFile>();
    const waiting = [...files];
    const bring = async () => {
      for (let file = waiting.shift(); file; file = waiting.shift()) {
        fetchedBytes += await this.#bring(file, fetchFile, signal, held);
        found.set(file.path, { diskPath: this.#pathOf(file.sha256), sizeBytes: file.sizeBytes });
      }
    };
    // A few at a time: latency of many small files is hidden, and a large scene does not open a thousand sockets.
    const lanes = await Promise.allSettled(Array.from({ length: 6 }, bring));
    const failed = lanes.find((lane) => lane.status === 'rejected');
    if (failed) {
      release();
      throw failed.reason;
    }
    return { files: found, fetchedBytes, release };
  }

  /** Makes one file present and held. Answers the bytes fetched. */
  async #bring(file: SceneFile, fetchFile: FetchFile, signal: AbortSignal, held: Entry[]): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      const entry = this.#entries.get(file.sha256);
      if (entry?.verified) {
        entry.holds++;
        if (await this.#isThere(file.sha256, entry)) {
          held.push(entry);
          this.#touch(file.sha256, entry);
          return 0;
        }
        entry.holds--;
        this.#forget(file.sha256, entry);
        continue;
      }
      const underWay = this.#arrivals.get(file.sha256);
      if (underWay) {
        // Its failure is its own asker's: this one then tries with its own right.
        await underWay.catch(() => {});
        continue;
      }
      const arrival = entry ? this.#verify(file.sha256, entry) : this.#fetch(file, fetchFile, signal);
      this.#arrivals.set(file.sha256, arrival);
      try {
        const fetchedBytes = await arrival;
        const arrived = this.#entries.get(file.sha256);
        if (arrived && !entry) {
          arrived.holds++;
          held.push(arrived);
          return fetchedBytes;
        }
      } finally {
        this.#arrivals.delete(file.sha256);
      }
    }
  }

  /** A file of an earlier process: right, or gone. */
  async #verify(sha256: string, entry: Entry): Promise<number> {
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(this.#pathOf(sha256)), hash);
      if (hash.digest('hex') === sha256) {
        entry.verified = true;
        return 0;
      }
      this.#options.log.warn({ sha256 }, 'a file of the scene cache is damaged: it is fetched again');
    } catch (error) {
      this.#options.log.warn({ sha256, err: error }, 'a file of the scene cache cannot be read: it is fetched again');
    }
    await this.#remove(sha256, entry);
    return 0;
  }

  async #fetch(file: SceneFile, fetchFile: FetchFile, signal: AbortSignal): Promise<number> {
    this.#arriving += file.sizeBytes;
    const arriving = join(this.arrivalFolder, `${file.sha256}-${randomBytes(4).toString('hex')}`);
    try {
      await this.#makeRoom(file.sizeBytes);
      await mkdir(this.arrivalFolder, { recursive: true });
      const hash = createHash('sha256');
      let sizeBytes = 0;
      const measure = new Transform({
        transform(chunk: Uint8Array, _encoding, done) {
          hash.update(chunk);
          sizeBytes += chunk.length;
          if (sizeBytes > file.sizeBytes) done(new KilnError('upload.hash_mismatch', tooLong(file)));
          else done(null, chunk);
        },
      });
      const bytes = await fetchFile(file, signal);
      const source = bytes instanceof Readable ? bytes : Readable.from(bytes);
      await pipeline(source, measure, createWriteStream(arriving, { flags: 'wx' }), { signal });
      if (hash.digest('hex') !== file.sha256) {
        throw new KilnError('upload.hash_mismatch', `the bytes of "${file.path}" are not those of ${file.sha256}`);
      }
      await rename(arriving, this.#pathOf(file.sha256));
      this.#entries.set(file.sha256, { sizeBytes, usedAt: Date.now(), holds: 0, verified: true });
      this.#bytes += sizeBytes;
      return sizeBytes;
    } catch (cause) {
      await rm(arriving, { force: true });
      if (isDiskFull(cause)) throw new KilnError('storage.full', 'the disk of the scene cache is full', { cause });
      throw cause;
    } finally {
      this.#arriving -= file.sizeBytes;
    }
  }

  /** Removes what nobody holds until everything, with what is arriving, is within the limit. */
  async #makeRoom(neededBytes: number): Promise<void> {
    const { limitBytes } = this.#options;
    const idle = [...this.#entries]
      .filter(([, entry]) => entry.holds === 0)
      .sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [sha256, entry] of idle) {
      if (this.#bytes + this.#arriving <= limitBytes) return;
      if (entry.holds === 0 && !this.#arrivals.has(sha256)) await this.#remove(sha256, entry);
    }
    const used = this.#bytes + this.#arriving - neededBytes;
    if (neededBytes > 0 && used + neededBytes > limitBytes) {
      throw new KilnError(
        'storage.full',
        `the scene cache holds at most ${limitBytes} bytes, ${used} are in use and ${neededBytes} are needed: raise KILN_SCENE_CACHE_BYTES`,
      );
    }
  }

  async #remove(sha256: string, entry: Entry): Promise<void> {
    if (this.#forget(sha256, entry)) await rm(this.#pathOf(sha256), { force: true });
  }

  /** @returns false when it was forgotten before */
  #forget(sha256: string, entry: Entry): boolean {
    if (this.#entries.get(sha256) !== entry) return false;
    this.#bytes -= entry.sizeBytes;
    return this.#entries.delete(sha256);
  }

  /** Somebody may have emptied the folder since the file was verified. */
  async #isThere(sha256: string, { sizeBytes }: Entry): Promise<boolean> {
    const found = await stat(this.#pathOf(sha256)).catch(() => null);
    if (found?.size === sizeBytes) return true;
    this.#options.log.warn({ sha256 }, 'a file of the scene cache is gone: it is fetched again');
    return false;
  }

  /** The time of use outlives the process as the file's own time. */
  #touch(sha256: string, entry: Entry): void {
    const now = Date.now();
    entry.usedAt = now;
    utimes(this.#pathOf(sha256), now / 1_000, now / 1_000).catch((error: unknown) => {
      this.#options.log.debug({ sha256, err: error }, 'the time of use was not recorded');
    });
  }

  #pathOf(sha256: string): string {
    return join(this.#options.folder, sha256);
  }
}

const tooLong = (file: SceneFile) => `more than the announced ${file.sizeBytes} bytes came for "${file.path}"`;

const isDiskFull = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
