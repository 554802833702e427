/**
 * From the wire to the screen: the latest picture wins. One picture is decoded at a time, or the tiles that make it better
 * ([LV30]); a newer one takes the place of what waits. [LV6] Each is acknowledged after it was painted, or, as skipped, when a newer one has overtaken it:
 * that is what paces the worker. An acknowledgement covers all earlier pictures, so a skipped one waits with it until
 * those before it are through.
 */
import { decodePicture, isWholePicture, KilnError, LIMITS, type Picture, type PictureHeader } from '@kiln/shared';
import type { Timers } from './timers.ts';

/** What a decoder gives; `close` frees its memory. */
export interface DecodedPicture {
  close(): void;
}

export interface ShownPicture {
  readonly header: PictureHeader;
  /** Bytes of its messages. */
  readonly bytes: number;
  /** Messages that it came in. */
  readonly tiles: number;
  readonly receivedAtMs: number;
  readonly decodeMs: number;
  readonly uploadMs: number;
  /** Unix milliseconds when the pixels were with the GPU. */
  readonly uploadedAtUnixMs: number;
  readonly uploadedAtMs: number;
}

export interface PictureFlowOptions<D extends DecodedPicture> {
  decode(picture: Picture): Promise<D>;
  /** Gives the pixels to the GPU, a tile's in their place of the picture before; the next paint shows them. */
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
  /** A whole picture and tiles behind it, or tiles. */
  #waiting: Arrived[] = [];
  #decoding: Arrived[] = [];
  #ready: ShownPicture | null = null;
  /** The whole picture that tiles belong to; null while there is none. */
  #base: PictureHeader | null = null;
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
    const arrived = { picture, bytes: message.length, receivedAtMs: this.#options.timers.nowMs() };
    if (isWholePicture(picture.header)) {
      for (const { picture: overtaken } of this.#waiting) this.#skip(overtaken.header);
      this.#waiting = [arrived];
    } else this.#wait(arrived);
    this.#acknowledgeSkipped();
    if (!this.#running) void this.#decodeAll();
  }

  /** A new connection: nothing that is still under way will be acknowledged. The picture on the screen stays. */
  restart(): void {
    this.#generation += 1;
    this.#waiting = [];
    this.#decoding = [];
    this.#ready = null;
    this.#base = null;
    this.#skipped = [];
  }

  /** Tiles are never left out: who sends more than is acknowledged breaks the rules. */
  #wait(tile: Arrived): void {
    this.#waiting.push(tile);
    const bytes = this.#waiting.reduce((sum, waiting) => sum + waiting.bytes, 0);
    if (bytes <= 2 * LIMITS.livePictureBytes) return;
    this.#waiting = [];
    this.#options.broken(new KilnError('protocol.violation', '[LV7] more pictures came than were acknowledged'));
  }

  async #decodeAll(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const next = this.#waiting;
      this.#waiting = [];
      this.#decoding = [...next];
      const generation = this.#generation;
      const startMs = this.#options.timers.nowMs();
      const results = await Promise.allSettled(next.map(({ picture }) => this.#options.decode(picture)));
      const decodeMs = this.#options.timers.nowMs() - startMs;
      for (const [at, arrived] of next.entries()) {
        const isCurrent = generation === this.#generation;
        if (isCurrent) this.#decoding.shift();
        this.#take(arrived, results[at], decodeMs, isCurrent);
      }
      this.#acknowledgeSkipped();
    }
    this.#running = false;
  }

  #take(arrived: Arrived, result: PromiseSettledResult<D> | undefined, decodeMs: number, isCurrent: boolean): void {
    const { header } = arrived.picture;
    if (result?.status !== 'fulfilled') {
      // What builds on it is of no use either.
      if (isCurrent) this.#base = null;
      if (isCurrent) this.#skip(header);
      this.#options.broken(result?.reason);
      return;
    }
    try {
      if (!isCurrent) return;
      if (isWholePicture(header)) this.#base = header;
      if (this.#base && this.#fits(header)) this.#show(arrived, result.value, decodeMs);
      else this.#skip(header);
    } catch (error) {
      this.#base = null;
      this.#skip(header);
      this.#options.broken(error);
    } finally {
      result.value.close();
    }
  }

  #fits({ widthPx, heightPx }: PictureHeader): boolean {
    return this.#base?.widthPx === widthPx && this.#base.heightPx === heightPx;
  }

  #show({ picture: { header }, bytes, receivedAtMs }: Arrived, decoded: D, decodeMs: number): void {
    const { timers } = this.#options;
    const startMs = timers.nowMs();
    this.#options.upload(decoded, header);
    const uploadedAtMs = timers.nowMs();
    const before = this.#ready;
    const same = before?.header.sequence === header.sequence ? before : null;
    if (before && !same) this.#skip(before.header);
    this.#ready = {
      header,
      bytes: bytes + (same?.bytes ?? 0),
      tiles: 1 + (same?.tiles ?? 0),
      receivedAtMs: same?.receivedAtMs ?? receivedAtMs,
      decodeMs,
      uploadMs: uploadedAtMs - startMs + (same?.uploadMs ?? 0),
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
    this.#options.paint();
    // The rest of its tiles is still to come.
    if (!ready.header.lastTile) return;
    this.#ready = null;
    this.#acknowledgeSkipped(ready.header.sequence);
    const decodedAtMs = ready.uploadedAtMs - ready.uploadMs;
    const paintedMs = this.#options.timers.nowMs() - decodedAtMs;
    this.#options.acknowledge(ready.header.sequence, told(decodedAtMs - ready.receivedAtMs), told(paintedMs));
    this.#acknowledgeSkipped();
    this.#options.painted(ready);
  }

  /** A picture is skipped with its last tile. */
  #skip({ sequence, lastTile }: PictureHeader): void {
    if (!lastTile) return;
    this.#skipped.push(sequence);
    this.#skipped.sort((a, b) => a - b);
  }

  /** Acknowledges those skipped pictures that no earlier one is under way before. */
  #acknowledgeSkipped(before = Number.POSITIVE_INFINITY): void {
    const [decoding] = this.#decoding;
    const underWay = [decoding?.picture.header, this.#ready?.header].map(
      (header) => header?.sequence ?? Number.POSITIVE_INFINITY,
    );
    const end = Math.min(before, ...underWay);
    for (const sequence of this.#skipped.filter((skipped) => skipped < end)) this.#options.acknowledge(sequence, 0, 0);
    this.#skipped = this.#skipped.filter((skipped) => skipped >= end);
  }
}

/** A page that is hidden paints nothing for as long as it likes. */
const told = (ms: number) => Math.min(LIMITS.liveShownMs, ms);
