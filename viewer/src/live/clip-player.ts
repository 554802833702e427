/** Plays a clip: tells which frame number is due, no faster than pictures come back. */
export interface Clip {
  /** Frames of the whole clip; it repeats after them. */
  readonly frames: number;
  readonly fps: number;
}

/** A picture that has failed never comes; then the next frame may. */
const GIVEN_UP_MS = 2_000;

export class ClipPlayer {
  #clip: Clip | null = null;
  #playing = false;
  #startFrame = 0;
  #startMs = 0;
  #frameNumber = 0;
  /** Input number whose picture is awaited; 0: none. */
  #awaited = 0;
  #awaitedSinceMs = 0;

  get playing(): boolean {
    return this.#playing;
  }

  get frameNumber(): number {
    return this.#frameNumber;
  }

  set clip(clip: Clip | null) {
    this.#clip = clip;
    if (!clip) this.#playing = false;
  }

  play(nowMs: number): void {
    if (!this.#clip) return;
    this.#playing = true;
    this.#startFrame = this.#frameNumber;
    this.#startMs = nowMs;
    this.#awaited = 0;
  }

  pause(): void {
    this.#playing = false;
  }

  seek(frameNumber: number, nowMs: number): void {
    this.#frameNumber = frameNumber;
    this.#startFrame = frameNumber;
    this.#startMs = nowMs;
  }

  /**
   * To be called on every display frame.
   *
   * @returns the frame number to ask for now, or null: it does not play, or the last one asked for is not painted yet and
   * may still come.
   */
  due(nowMs: number): number | null {
    if (!this.#playing || !this.#clip) return null;
    if (this.#awaited > 0 && nowMs - this.#awaitedSinceMs < GIVEN_UP_MS) return null;
    const frames = Math.max(1, this.#clip.frames);
    const at = this.#startFrame + ((nowMs - this.#startMs) / 1_000) * this.#clip.fps;
    const frameNumber = Math.floor(at % frames);
    if (frameNumber === this.#frameNumber) return null;
    this.#frameNumber = frameNumber;
    this.#awaitedSinceMs = nowMs;
    return frameNumber;
  }

  /** The frame that was due went out with this input number. */
  asked(input: number): void {
    this.#awaited = input;
  }

  /** A picture that answers `input` was painted. */
  painted(input: number): void {
    if (input >= this.#awaited) this.#awaited = 0;
  }

  /** The connection is new: what was asked for before is not answered. */
  restart(): void {
    this.#awaited = 0;
  }
}
