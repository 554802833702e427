/**
 * [LV40] Moving pictures as frames of one video: each is read with the one before. What was begun and is not sent, and what is
 * sent between, ends it: the next frame is then a key frame, which stands for itself.
 */
export interface ChainLink {
  readonly place: number;
  /** Nothing before is to be built on. */
  readonly isKey: boolean;
}

/** Frames that could not be read, with none between that was: this viewer gets pictures that stand for themselves. */
const GIVEN_UP = 3;

export class VideoChain {
  #isWhole = false;
  #begun = 0;
  #unread = 0;
  /** Sequence numbers since the last key frame. */
  #from = 0;
  #to = 0;
  #sent = 0;

  /** Whether it has shown that it can be read, or may yet. */
  get isOfUse(): boolean {
    return this.#unread < GIVEN_UP;
  }

  /** Something else is begun. */
  cut(): void {
    this.#isWhole = false;
  }

  /** The viewer could not read what was sent. */
  wasBroken(): void {
    this.#unread += 1;
    this.cut();
  }

  /** The viewer has painted a picture. */
  painted(sequence: number): void {
    if (sequence >= this.#from && sequence <= this.#to) this.#unread = 0;
  }

  /** Another viewer, or the same one once more. */
  reset(): void {
    this.cut();
    this.#unread = 0;
  }

  /** The next frame is begun. */
  begin(): ChainLink {
    const isKey = !this.#isWhole;
    this.#isWhole = true;
    this.#begun += 1;
    return { place: this.#begun, isKey };
  }

  /** A frame may be sent. @param isKey what it has become. @returns whether it can be read. */
  isReadable({ place }: ChainLink, isKey: boolean): boolean {
    return isKey || this.#sent === place - 1;
  }

  /** @param isKey what it has become. */
  sent({ place }: ChainLink, isKey: boolean, sequence: number): void {
    this.#sent = place;
    if (isKey) this.#from = sequence;
    this.#to = sequence;
  }
}
