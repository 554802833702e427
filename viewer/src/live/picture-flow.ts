/**
 * From the wire to the screen: the latest picture wins. One picture is decoded at a time, or the tiles that make it better
 * ([LV30]); a newer one takes the place of what waits. [LV6] Each is acknowledged after it was painted, or, as skipped, when a newer one has overtaken it:
 * that is what paces the worker. An acknowledgement covers all earlier pictures, so a skipped one waits with it until
 * those before it are through.
 */
import {
  decodePicture,
  isVideoCodec,
  isWholePicture,
  KilnError,
  LIMITS,
  type Picture,
  type PictureHeader,
} from '@kiln/shared';
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
  /** @param isBroken [LV40] Nothing that builds on it can be read. */
  acknowledge(sequence: number, decodeMs: number, uploadMs: number, isBroken?: boolean): void;
  /** After a picture was painted. */
  painted(picture: ShownPicture): void;
  /** A picture that cannot be read or decoded; it is acknowledged as skipped. */
  broken(error: unknown): void;
  readonly timers: Timers;
}

/** Smaller ones count as of so many pixels an edge. */
const LEAST_TILE_PX = 64;

interface Arrived {
  readonly picture: Picture;
  readonly bytes: number;
  readonly receivedAtMs: number;
}

/** What waits to be decoded, and how much that is. */
class WaitingTiles {
  #items: Arrived[] = [];
  #bytes = 0;
  #pixels = 0;

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** More than a worker sends that waits for acknowledgements: pixels take memory whatever bytes they come in. */
  get isTooMuch(): boolean {
    const [first] = this.#items;
    if (!first) return false;
    const { widthPx, heightPx } = first.picture.header;
    const most = LIMITS.liveWindow * (widthPx + LEAST_TILE_PX) * (heightPx + LEAST_TILE_PX);
    return this.#bytes > 2 * LIMITS.livePictureBytes || this.#pixels > most;
  }

  put(arrived: Arrived): void {
    this.#items.push(arrived);
    const { widthPx, heightPx } = arrived.picture.header.tile;
    this.#bytes += arrived.bytes;
    this.#pixels += Math.max(LEAST_TILE_PX ** 2, widthPx * heightPx);
  }

  take(): Arrived[] {
    const items = this.#items;
    this.#items = [];
    this.#bytes = this.#pixels = 0;
    return items;
  }
}

export class PictureFlow<D extends DecodedPicture> {
  readonly #options: PictureFlowOptions<D>;
  /** A whole picture and tiles behind it, or tiles. */
  readonly #waiting = new WaitingTiles();
  #decoding: Arrived[] = [];
  #ready: ShownPicture | null = null;
  /** What came last, whatever becomes of it; null before the first. */
  #last: PictureHeader | null = null;
  /** Something is missing that what came last builds on. */
  #hasGap = false;
  /** The whole picture that tiles belong to; null while there is none. */
  #base: PictureHeader | null = null;
  /** Sequence numbers of skipped pictures that are not acknowledged yet, ascending. */
  #skipped: number[] = [];
  /** [LV40] Of the last one that could not be read and was not told of; 0: none. It is among those, or covered by them. */
  #broken = 0;
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
    const { header } = picture;
    if (this.#isOld(header)) return;
    if (isWholePicture(header)) {
      for (const overtaken of this.#waiting.take()) this.#skip(overtaken.picture.header);
      this.#hasGap = false;
    } else if (!this.#isNext(header)) this.#hasGap = true;
    this.#last = header;
    if (this.#hasGap && header.delta) this.#broken = header.sequence;
    if (this.#hasGap) this.#skip(header);
    else this.#wait({ picture, bytes: message.length, receivedAtMs: this.#options.timers.nowMs() });
    this.#acknowledgeSkipped();
    if (!this.#running) void this.#decodeAll();
  }

  /** A new connection: nothing that is still under way will be acknowledged. The picture on the screen stays. */
  restart(): void {
    this.#generation += 1;
    this.#waiting.take();
    this.#decoding = [];
    this.#last = null;
    this.#hasGap = false;
    this.#ready = null;
    // The one that was asked for may never come.
    this.#frameAsked = false;
    this.#base = null;
    this.#skipped = [];
    this.#broken = 0;
  }

  /** [LV5] It was here before, or something newer was: a picture that is shown is never replaced by an older one. */
  #isOld({ sequence, better, catchUp }: PictureHeader): boolean {
    const last = this.#last;
    if (!last) return false;
    // [LV41] It has the number of what it is the whole of.
    if (catchUp) return sequence < last.sequence;
    return better && !last.lastTile ? sequence < last.sequence : sequence <= last.sequence;
  }

  /** [LV35] Nothing is missing between a tile and what came before it. */
  #isNext({ sequence }: PictureHeader): boolean {
    const last = this.#last;
    return last !== null && sequence === last.sequence + (last.lastTile ? 1 : 0);
  }

  /** Tiles and frames of a video are never left out: who sends more than is acknowledged breaks the rules. */
  #wait(arrived: Arrived): void {
    this.#waiting.put(arrived);
    if (!this.#waiting.isTooMuch) return;
    this.#waiting.take();
    this.#options.broken(new KilnError('protocol.violation', '[LV7] more pictures came than were acknowledged'));
  }

  async #decodeAll(): Promise<void> {
    this.#running = true;
    while (!this.#waiting.isEmpty) {
      const next = this.#waiting.take();
      this.#decoding = [...next];
      const generation = this.#generation;
      const startMs = this.#options.timers.nowMs();
      const results = await Promise.allSettled(next.map(({ picture }) => this.#options.decode(picture)));
      const decodeMs = this.#options.timers.nowMs() - startMs;
      const newest = next.findLastIndex(({ picture: { header } }) => !header.better);
      for (const [at, arrived] of next.entries()) {
        const isCurrent = generation === this.#generation;
        if (isCurrent) this.#decoding.shift();
        this.#take(arrived, results[at], decodeMs, isCurrent, at < newest);
      }
      this.#acknowledgeSkipped();
    }
    this.#running = false;
  }

  /** @param isOvertaken a newer picture came with it: it was only read because that one builds on it. */
  #take(
    arrived: Arrived,
    result: PromiseSettledResult<D> | undefined,
    decodeMs: number,
    isCurrent: boolean,
    isOvertaken: boolean,
  ): void {
    const { header } = arrived.picture;
    if (result?.status !== 'fulfilled') {
      // What came by an earlier connection is no fault of this one.
      if (!isCurrent) return;
      // What builds on it is of no use either.
      this.#base = null;
      this.#skip(header);
      if (isVideoCodec(header.codec)) this.#broken = header.sequence;
      else this.#options.broken(result?.reason);
      return;
    }
    try {
      if (!isCurrent) return;
      if (isWholePicture(header)) this.#base = header;
      if (this.#base && this.#fits(header) && !isOvertaken) this.#show(arrived, result.value, decodeMs);
      else this.#skip(header);
    } catch (error) {
      this.#base = null;
      this.#skip(header);
      if (isVideoCodec(header.codec)) this.#broken = header.sequence;
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
    const generation = this.#generation;
    this.#options.onDisplayFrame(() => {
      if (generation !== this.#generation) return;
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
    const underWay = [...this.#decoding.map(({ picture }) => picture.header), this.#ready?.header];
    // An acknowledgement covers those before it: of two that nothing is under way between, the later one is enough.
    const isCovered = (one: number) =>
      !underWay.some((header) => header && header.sequence > one && header.sequence < sequence);
    const [later, earlier] = [
      this.#skipped.filter((one) => one > sequence),
      this.#skipped.filter((one) => one < sequence),
    ];
    this.#skipped = [...earlier.filter((one) => !isCovered(one)), sequence, ...later];
  }

  /** Acknowledges those skipped pictures that no earlier one is under way before. */
  #acknowledgeSkipped(before = Number.POSITIVE_INFINITY): void {
    const [decoding] = this.#decoding;
    const underWay = [decoding?.picture.header, this.#ready?.header].map(
      (header) => header?.sequence ?? Number.POSITIVE_INFINITY,
    );
    const end = Math.min(before, ...underWay);
    for (const sequence of this.#skipped.filter((skipped) => skipped < end)) {
      const isBroken = this.#broken > 0 && sequence >= this.#broken;
      if (isBroken) this.#broken = 0;
      this.#options.acknowledge(sequence, 0, 0, ...(isBroken ? [true] : []));
    }
    this.#skipped = this.#skipped.filter((skipped) => skipped >= end);
  }
}

/** A page that is hidden paints nothing for as long as it likes. */
const told = (ms: number) => Math.min(LIMITS.liveShownMs, ms);
