/**
 * From the wire to the screen: the latest picture wins. One picture is decoded at a time; a newer one takes the place of
 * the one that waits. Each is acknowledged after it was painted, or, as skipped, when a newer one has overtaken it: that
 * is what paces the worker.
 */
import { decodePicture, type Picture, type PictureHeader } from '@kiln/shared';
import type { Timers } from './timers.ts';

/** What a decoder gives; `close` frees its memory. */
export interface DecodedPicture {
  close(): void;
}

export interface ShownPicture {
  readonly header: PictureHeader;
  /** Bytes of the whole message. */
  readonly bytes: number;
  readonly receivedAtMs: number;
  readonly decodeMs: number;
  readonly uploadMs: number;
  /** Unix milliseconds when the pixels were with the GPU. */
  readonly uploadedAtUnixMs: number;
  readonly uploadedAtMs: number;
}

export interface PictureFlowOptions<D extends DecodedPicture> {
  decode(picture: Picture): Promise<D>;
  /** Gives the pixels to the GPU; the next paint shows them. */
  upload(decoded: D, header: PictureHeader): void;
  /** Draws what was uploaded last. */
  paint(): void;
  /** Calls back when the display takes its next frame, as `requestAnimationFrame`. */
  onDisplayFrame(callback: () => void): void;
  acknowledge(sequence: number, decodeMs: number, uploadMs: number): void;
  /** After a picture was painted. */
  painted(picture: ShownPicture): void;
  /** A picture that cannot be read or decoded; it is acknowledged as skipped. */
  broken(error: unknown): void;
  readonly timers: Timers;
}

interface Arrived {
  readonly picture: Picture;
  readonly bytes: number;
  readonly receivedAtMs: number;
}

export class PictureFlow<D extends DecodedPicture> {
  readonly #options: PictureFlowOptions<D>;
  #waiting: Arrived | null = null;
  #ready: ShownPicture | null = null;
  #decoding = false;
  #frameAsked = false;
  /** Counts connections: what was decoded for an earlier one is not acknowledged to this one. */
  #generation = 0;

  constructor(options: PictureFlowOptions<D>) {
    this.#options = options;
  }

  receive(message: Uint8Array): void {
    let picture: Picture;
    try {
      picture = decodePicture(message);
    } catch (error) {
      this.#options.broken(error);
      return;
    }
    if (this.#waiting) this.#skip(this.#waiting.picture.header.sequence);
    this.#waiting = { picture, bytes: message.length, receivedAtMs: this.#options.timers.nowMs() };
    if (!this.#decoding) void this.#decodeNext();
  }

  /** A new connection: nothing that is still under way will be acknowledged. The picture on the screen stays. */
  restart(): void {
    this.#generation += 1;
    this.#waiting = null;
    this.#ready = null;
  }

  async #decodeNext(): Promise<void> {
    this.#decoding = true;
    for (let next = this.#takeWaiting(); next; next = this.#takeWaiting()) {
      const generation = this.#generation;
      const startMs = this.#options.timers.nowMs();
      try {
        const decoded = await this.#options.decode(next.picture);
        const decodeMs = this.#options.timers.nowMs() - startMs;
        if (generation === this.#generation) this.#show(next, decoded, decodeMs);
        decoded.close();
      } catch (error) {
        this.#options.broken(error);
        if (generation === this.#generation) this.#skip(next.picture.header.sequence);
      }
    }
    this.#decoding = false;
  }

  #takeWaiting(): Arrived | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting;
  }

  #show({ picture, bytes, receivedAtMs }: Arrived, decoded: D, decodeMs: number): void {
    const { timers } = this.#options;
    const startMs = timers.nowMs();
    this.#options.upload(decoded, picture.header);
    const uploadedAtMs = timers.nowMs();
    if (this.#ready) this.#skip(this.#ready.header.sequence);
    this.#ready = {
      header: picture.header,
      bytes,
      receivedAtMs,
      decodeMs,
      uploadMs: uploadedAtMs - startMs,
      uploadedAtMs,
      uploadedAtUnixMs: timers.unixMs(),
    };
    if (this.#frameAsked) return;
    this.#frameAsked = true;
    this.#options.onDisplayFrame(() => {
      this.#frameAsked = false;
      this.#paint();
    });
  }

  #paint(): void {
    const ready = this.#ready;
    if (!ready) return;
    this.#ready = null;
    this.#options.paint();
    this.#options.acknowledge(ready.header.sequence, ready.decodeMs, ready.uploadMs);
    this.#options.painted(ready);
  }

  #skip(sequence: number): void {
    this.#options.acknowledge(sequence, 0, 0);
  }
}
