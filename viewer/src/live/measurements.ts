/** What each painted picture cost, stage by stage: for the HUD and the benchmarks. */
import type { PictureHeader } from '@kiln/shared';
import { VIEWER_LIMITS } from '../limits.ts';
import type { ShownPicture } from './picture-flow.ts';

/** Milliseconds, unless the name says otherwise. */
export interface PictureMeasure {
  readonly sequence: number;
  readonly input: number;
  readonly bytes: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly samples: number;
  readonly codec: PictureHeader['codec'];
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

/** The HUD's figures over the last pictures. */
export interface LiveFigures {
  readonly framesPerSec: number;
  readonly inputToPaintedMs: number | null;
  readonly kilobytesPerPicture: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly samples: number;
}

export class Measurements {
  readonly #sentAtMs = new Map<number, number>();
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
    return measure;
  }

  /** Null before the first picture. */
  figures(nowMs: number): LiveFigures | null {
    const last = this.#recent.at(-1);
    if (!last) return null;
    const inLastSecond = this.#recent.filter(({ paintedAtMs }) => nowMs - paintedAtMs <= 1_000).length;
    const latencies = this.#recent
      .map(({ measure }) => measure.inputToPaintedMs)
      .filter((value) => value !== null)
      .sort((a, b) => a - b);
    const bytes = this.#recent.reduce((sum, { measure }) => sum + measure.bytes, 0);
    return {
      framesPerSec: inLastSecond,
      inputToPaintedMs: latencies[Math.floor(latencies.length / 2)] ?? null,
      kilobytesPerPicture: bytes / this.#recent.length / 1_000,
      widthPx: last.measure.widthPx,
      heightPx: last.measure.heightPx,
      samples: last.measure.samples,
    };
  }
}
