/**
 * From the wire to the screen: the latest picture wins. One picture is decoded at a time; a newer one takes the place of
 * the one that waits. [LV6] Each is acknowledged after it was painted, or, as skipped, when a newer one has overtaken it:
 * that is what paces the worker. An acknowledgement covers all earlier pictures, so a skipped one waits with it until
 * those before it are through.
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
  #decoding: Arrived | null = null;
  #ready: ShownPicture | null = null;
  /** Sequence numbers of skipped pictures that are not acknowledged yet, ascending. */
  #skipped: number[] = [];
  #running = false;
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
    this.#acknowledgeSkipped();
    if (!this.#running) void this.#decodeAll();
  }

  /** A new connection: nothing that is still under way will be acknowledged. The picture on the screen stays. */
  restart(): void {
    this.#generation += 1;
    this.#waiting = null;
    this.#decoding = null;
    this.#ready = null;
    this.#skipped = [];
  }

  async #decodeAll(): Promise<void> {
    this.#running = true;
    while (this.#waiting) {
      const next = this.#waiting;
      this.#waiting = null;
      this.#decoding = next;
      const generation = this.#generation;
      const current = () => generation === this.#generation;
      const startMs = this.#options.timers.nowMs();
      try {
        const decoded = await this.#options.decode(next.picture);
        if (current()) this.#decoding = null;
        if (current()) this.#show(next, decoded, this.#options.timers.nowMs() - startMs);
        decoded.close();
      } catch (error) {
        if (current()) this.#decoding = null;
        if (current()) this.#skip(next.picture.header.sequence);
        this.#options.broken(error);
      }
      this.#acknowledgeSkipped();
    }
    this.#running = false;
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
    this.#acknowledgeSkipped(ready.header.sequence);
    this.#options.acknowledge(ready.header.sequence, ready.decodeMs, ready.uploadMs);
    this.#acknowledgeSkipped();
    this.#options.painted(ready);
  }

  #skip(sequence: number): void {
    this.#skipped.push(sequence);
    this.#skipped.sort((a, b) => a - b);
  }

  /** Acknowledges those skipped pictures that no earlier one is under way before. */
  #acknowledgeSkipped(before = Number.POSITIVE_INFINITY): void {
    const underWay = [this.#decoding?.picture.header, this.#ready?.header].map(
      (header) => header?.sequence ?? Number.POSITIVE_INFINITY,
    );
    const end = Math.min(before, ...underWay);
    for (const sequence of this.#skipped.filter((skipped) => skipped < end)) this.#options.acknowledge(sequence, 0, 0);
    this.#skipped = this.#skipped.filter((skipped) => skipped >= end);
  }
}
