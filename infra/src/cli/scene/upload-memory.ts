/** Remembers unfinished uploads in a file, so that the next command goes on where a cut one stopped. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { matches } from '@kiln/shared';
import type { PreviousUpload, UrlStorage } from 'tus-js-client';
import Type, { type Static } from 'typebox';

const Remembered = Type.Record(
  Type.String(),
  Type.Object({ uploadUrl: Type.String(), size: Type.Integer(), creationTime: Type.String() }),
);
type Remembered = Static<typeof Remembered>;

/** The server keeps an unfinished upload for a day or so; older notes are of no use. */
const KEPT_MS = 7 * 86_400_000;

export class UploadMemory implements UrlStorage {
  readonly #path: string;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  async findAllUploads(): Promise<PreviousUpload[]> {
    return Object.entries(await this.#read()).map(asPrevious);
  }

  async findUploadsByFingerprint(fingerprint: string): Promise<PreviousUpload[]> {
    const found = (await this.#read())[fingerprint];
    return found === undefined ? [] : [asPrevious([fingerprint, found])];
  }

  async removeUpload(fingerprint: string): Promise<void> {
    await this.#change((all) => {
      delete all[fingerprint];
    });
  }

  async addUpload(fingerprint: string, { uploadUrl, size, creationTime }: PreviousUpload): Promise<string> {
    await this.#change((all) => {
      if (uploadUrl !== null) all[fingerprint] = { uploadUrl, size: size ?? 0, creationTime };
    });
    return fingerprint;
  }

  /** One change after the other. A note that cannot be kept costs only the resuming of a cut upload. */
  #change(edit: (all: Remembered) => void): Promise<void> {
    this.#last = this.#last
      .then(async () => {
        const all = await this.#read();
        edit(all);
        await this.#write(all);
      })
      .catch(() => undefined);
    return this.#last;
  }

  async #read(): Promise<Remembered> {
    try {
      const value: unknown = JSON.parse(await readFile(this.#path, 'utf8'));
      if (!matches(Remembered, value)) return {};
      const oldest = Date.now() - KEPT_MS;
      return Object.fromEntries(
        Object.entries(value).filter(([, { creationTime }]) => Date.parse(creationTime) > oldest),
      );
    } catch {
      return {};
    }
  }

  async #write(all: Remembered): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const draft = `${this.#path}.${process.pid}`;
    await writeFile(draft, JSON.stringify(all), { mode: 0o600 });
    await rename(draft, this.#path);
  }
}

const asPrevious = ([urlStorageKey, { uploadUrl, size, creationTime }]: [
  string,
  Remembered[string],
]): PreviousUpload => ({
  urlStorageKey,
  uploadUrl,
  size,
  creationTime,
  metadata: {},
  parallelUploadUrls: null,
});
