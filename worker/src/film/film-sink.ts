/** Where the bytes of a film go that a page makes. */
import { type FileHandle, open } from 'node:fs/promises';
import type { FilmProgress } from '../page/contract.ts';

export interface FilmSink {
  /** Takes what came with a page's answer, before the next is asked for. */
  write(progress: FilmProgress, bytes: Uint8Array): Promise<void>;
  /** All is written: the film lies whole at its path. */
  end(): Promise<void>;
  /** Lets go of everything, also after `end`; the file may be half. */
  close(): Promise<void>;
}

/** A file that grows, here and there. */
export class FileSink implements FilmSink {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @param path of a file that is not there yet */
  static async open(path: string): Promise<FileSink> {
    return new FileSink(await open(path, 'wx', 0o600));
  }

  async write({ writes }: Pick<FilmProgress, 'writes'>, bytes: Uint8Array): Promise<void> {
    let at = 0;
    for (const { position, sizeBytes } of writes) {
      await writeAll(this.#file, bytes.subarray(at, at + sizeBytes), position);
      at += sizeBytes;
    }
  }

  async end(): Promise<void> {}

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
