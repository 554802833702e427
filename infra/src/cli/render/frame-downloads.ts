import { basename, dirname, join } from 'node:path';
import type { Client, Frame, KilnError } from '@kiln/shared';
import { downloadFile, isOnDisk } from './download-file.ts';
import type { BytesObserver, FolderOf } from './download-films.ts';

/** Downloads at the same time. */
const PARALLEL_DOWNLOADS = 4;

export interface FrameTarget {
  readonly folderOf: FolderOf;
  /** What is on this disk already, whole or in part, is not fetched again. */
  readonly resumes: boolean;
  /** The farm does not answer; it is tried again. */
  waiting(error: KilnError): void;
}

export interface FrameObserver extends BytesObserver {
  /** A frame is on this disk. `isNew`: some file of it was fetched. */
  frame(frame: Frame, path: string, doneFrames: number, isNew: boolean): void;
}

/** Fetches frames as they are added, several at once. */
export class FrameDownloads {
  /** Rejects with the first download that fails for good. */
  readonly failed: Promise<never>;
  readonly #client: Client;
  readonly #target: FrameTarget;
  readonly #observer: FrameObserver;
  readonly #signal: AbortSignal;
  readonly #known = new Set<string>();
  readonly #frames = new Set<string>();
  readonly #waiting: Frame[] = [];
  readonly #running = new Set<Promise<void>>();
  #done = 0;
  #hasFailed = false;
  #fail: (error: unknown) => void = () => undefined;

  constructor(client: Client, target: FrameTarget, observer: FrameObserver, signal: AbortSignal) {
    this.#client = client;
    this.#target = target;
    this.#observer = observer;
    this.#signal = signal;
    this.failed = new Promise<never>((_, reject) => {
      this.#fail = (error) => {
        this.#hasFailed = true;
        reject(error);
      };
    });
    this.failed.catch(() => undefined);
  }

  /** A frame that was added before is not fetched again. */
  add(frame: Frame): void {
    const key = `${frame.layer}/${frame.fileName}/${frame.sha256}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#frames.add(`${frame.layer}/${frame.frameNumber}`);
    this.#waiting.push(frame);
    this.#startNext();
  }

  /** Whether a frame was added. */
  knows({ layer, frameNumber }: Pick<Frame, 'layer' | 'frameNumber'>): boolean {
    return this.#frames.has(`${layer}/${frameNumber}`);
  }

  /** Waits for all that was added. @throws what failed; the signal's reason. */
  async finish(): Promise<void> {
    while (this.#running.size > 0) await Promise.race([this.failed, ...this.#running]);
    if (this.#hasFailed) await this.failed;
    if (this.#signal.aborted) throw this.#signal.reason;
  }

  /** All files of a frame. */
  async #fetch(frame: Frame): Promise<{ readonly path: string; readonly isNew: boolean }> {
    const { folderOf, resumes, waiting } = this.#target;
    const received = (bytes: number) => this.#observer.received?.(bytes);
    const paths: string[] = [];
    let isNew = false;
    for (const file of frame.files) {
      const from = this.#client.urls.frameFile(frame, file);
      const source = { ...file, fileName: basename(file.path), from, remedy: redraw(frame) };
      const folder = join(folderOf(frame), dirname(file.path));
      const isThere = resumes && (await isOnDisk(source, folder));
      isNew ||= !isThere;
      const path = join(folder, source.fileName);
      paths.push(
        isThere
          ? path
          : await downloadFile(this.#client, source, folder, this.#signal, { keepsPart: resumes, waiting, received }),
      );
    }
    return { path: paths[0] ?? '', isNew };
  }

  #startNext(): void {
    if (this.#running.size >= PARALLEL_DOWNLOADS || this.#signal.aborted || this.#hasFailed) return;
    const frame = this.#waiting.shift();
    if (frame === undefined) return;
    const running = this.#fetch(frame)
      .then(
        ({ path, isNew }) => {
          this.#done += 1;
          this.#observer.frame(frame, path, this.#done, isNew);
        },
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        this.#running.delete(running);
        this.#startNext();
      });
    this.#running.add(running);
  }
}

/** A frame that is done is not drawn again in its job; the same bytes of another take the place of those that are there. */
const redraw = ({ frameNumber, layer }: Frame) =>
  `Have frame ${frameNumber} of layer “${layer}” drawn again in a new job, the same bytes take the damaged ones’ place: kiln render with --frames ${frameNumber}, or kiln submit with frames: ${frameNumber} in its job file.`;
