/** What each painted picture cost, stage by stage: for the HUD and the benchmarks. */
import type { PictureCodec } from '@kiln/shared';
import { VIEWER_LIMITS } from '../limits.ts';
import type { ShownPicture } from './picture-flow.ts';
import { whyNoVideo } from './readable-codecs.ts';

/** Milliseconds, unless the name says otherwise. */
export interface PictureMeasure {
  readonly sequence: number;
  readonly input: number;
  readonly bytes: number;
  /** Messages that it came in; more than one of a picture that got better in many places. */
  readonly tiles: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly samples: number;
  readonly codec: PictureCodec;
  readonly moving: boolean;
  readonly final: boolean;
  /** From the pose's sending to its picture on the screen; null when the picture answers no pose of this page. */
  readonly inputToPaintedMs: number | null;
  /** From the end of drawing to the pixels being with the viewer's GPU; by wall clocks, so only true on one machine. */
  readonly drawEndToUploadedMs: number;
  /** Uploaded, waiting for the display's next frame. */
  readonly displayWaitMs: number;
  readonly decodeMs: number;
  readonly uploadMs: number;
  readonly inputWaitMs: number;
  readonly drawMs: number;
  readonly readBackMs: number;
  readonly encodeMs: number;
  readonly workerQueueMs: number;
  readonly relayMs: number;
}

/** The way of a picture, in its order: medians over the last pictures, milliseconds. */
export interface StageFigures {
  /** Waiting for the worker, for it to have drawn what came before, and for its line to be free. */
  readonly queueMs: number;
  readonly drawMs: number;
  readonly readBackMs: number;
  readonly encodeMs: number;
  readonly relayMs: number;
  /** What of the whole way no stage says: both directions of the network. Null where no picture answers a pose. */
  readonly networkMs: number | null;
  readonly decodeMs: number;
  /** To the GPU, and until the display takes its next frame. */
  readonly paintMs: number;
}

/** The HUD's figures over the last pictures. */
export interface LiveFigures {
  readonly framesPerSec: number;
  readonly inputToPaintedMs: number | null;
  readonly kilobytesPerPicture: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly samples: number;
  /** Of the newest. */
  readonly codec: PictureCodec;
  /** Why no moving picture comes as a video, which takes fewer bytes: the page is not secure, or the browser has no WebCodecs. */
  readonly noVideo: 'not-secure' | 'no-webcodecs' | null;
  readonly stages: StageFigures;
}

/** The lead follows so many pictures. */
const LEAD_PICTURES = 9;

/** @internal */
export class Measurements {
  readonly #sentAtMs = new Map<number, number>();
  /** When those of the last second were painted. */
  #lastSecondMs: number[] = [];
  readonly #recent: { readonly paintedAtMs: number; readonly measure: PictureMeasure }[] = [];

  sent(input: number, atMs: number): void {
    this.#sentAtMs.set(input, atMs);
    if (this.#sentAtMs.size <= VIEWER_LIMITS.pendingInputs) return;
    const oldest = this.#sentAtMs.keys().next();
    if (!oldest.done) this.#sentAtMs.delete(oldest.value);
  }

  painted(picture: ShownPicture, nowMs: number): PictureMeasure {
    const { header } = picture;
    const sentAtMs = this.#sentAtMs.get(header.input);
    // Only the first picture that answers an input tells its latency; those that sharpen it later do not.
    for (const input of this.#sentAtMs.keys()) if (input <= header.input) this.#sentAtMs.delete(input);
    const milliseconds = (micros: number) => micros / 1_000;
    const measure: PictureMeasure = {
      sequence: header.sequence,
      input: header.input,
      bytes: picture.bytes,
      tiles: picture.tiles,
      widthPx: header.widthPx,
      heightPx: header.heightPx,
      samples: header.samples,
      codec: header.codec,
      moving: header.moving,
      final: header.final,
      inputToPaintedMs: sentAtMs === undefined ? null : nowMs - sentAtMs,
      drawEndToUploadedMs: picture.uploadedAtUnixMs - header.drawEndMs,
      displayWaitMs: nowMs - picture.uploadedAtMs,
      decodeMs: picture.decodeMs,
      uploadMs: picture.uploadMs,
      inputWaitMs: milliseconds(header.stages.inputWait),
      drawMs: milliseconds(header.stages.draw),
      readBackMs: milliseconds(header.stages.readBack),
      encodeMs: milliseconds(header.stages.encode),
      workerQueueMs: milliseconds(header.stages.workerQueue),
      relayMs: milliseconds(header.stages.relay),
    };
    this.#recent.push({ paintedAtMs: nowMs, measure });
    if (this.#recent.length > VIEWER_LIMITS.hudPictures) this.#recent.shift();
    this.#lastSecondMs = [...this.#within(nowMs), nowMs].slice(-VIEWER_LIMITS.countedPictures);
    return measure;
  }

  /**
   * From a pose's sending until its picture is on the screen, and half of the time that it stays there, of a movement; 0
   * before it is known.
   */
  get leadMs(): number {
    const last = this.#recent.slice(-LEAD_PICTURES).filter(({ measure }) => measure.moving);
    const latency = median(last.map(({ measure }) => measure.inputToPaintedMs));
    const stays = median(
      last.slice(1).map(({ paintedAtMs }, i) => paintedAtMs - (last[i]?.paintedAtMs ?? paintedAtMs)),
    );
    return latency === null ? 0 : latency + (stays ?? 0) / 2;
  }

  /** Paint times of the second before. */
  #within(nowMs: number): number[] {
    return this.#lastSecondMs.filter((paintedAtMs) => nowMs - paintedAtMs <= 1_000);
  }

  /** Null before the first picture. */
  figures(nowMs: number): LiveFigures | null {
    const last = this.#recent.at(-1);
    if (!last) return null;
    const measures = this.#recent.map(({ measure }) => measure);
    const bytes = this.#recent.reduce((sum, { measure }) => sum + measure.bytes, 0);
    return {
      framesPerSec: this.#within(nowMs).length,
      inputToPaintedMs: median(measures.map((measure) => measure.inputToPaintedMs)),
      kilobytesPerPicture: bytes / this.#recent.length / 1_000,
      widthPx: last.measure.widthPx,
      heightPx: last.measure.heightPx,
      samples: last.measure.samples,
      codec: last.measure.codec,
      noVideo: whyNoVideo(),
      stages: stagesOf(measures),
    };
  }
}

const queueMs = ({ inputWaitMs, workerQueueMs }: PictureMeasure) => inputWaitMs + workerQueueMs;
const paintMs = ({ uploadMs, displayWaitMs }: PictureMeasure) => uploadMs + displayWaitMs;

function networkMs(measure: PictureMeasure): number | null {
  const { inputToPaintedMs, drawMs, readBackMs, encodeMs, relayMs, decodeMs } = measure;
  if (inputToPaintedMs === null) return null;
  const known = queueMs(measure) + drawMs + readBackMs + encodeMs + relayMs + decodeMs + paintMs(measure);
  return Math.max(0, inputToPaintedMs - known);
}

function stagesOf(measures: readonly PictureMeasure[]): StageFigures {
  const of = (value: (measure: PictureMeasure) => number) => median(measures.map(value)) ?? 0;
  return {
    queueMs: of(queueMs),
    drawMs: of(({ drawMs }) => drawMs),
    readBackMs: of(({ readBackMs }) => readBackMs),
    encodeMs: of(({ encodeMs }) => encodeMs),
    relayMs: of(({ relayMs }) => relayMs),
    networkMs: median(measures.map(networkMs)),
    decodeMs: of(({ decodeMs }) => decodeMs),
    paintMs: of(paintMs),
  };
}

/** Of what is not null; null of nothing. */
function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
