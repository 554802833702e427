/**
 * [LV40] Moving pictures as frames of one video: each is read with the one before. What was begun and is not sent, and what is
 * sent between, ends it: the next frame is then a key frame, which stands for itself.
 */
export interface ChainLink {
  readonly place: number;
  /** Nothing before is to be built on. */
  readonly isKey: boolean;
}

/** Videos that could not be read to their end, without many frames between that were: this viewer gets pictures that stand for themselves. */
const GIVEN_UP = 3;
/** Frames painted since, after which one that could not be read was a mishap. A key frame alone shows little. */
const TRUSTED_FRAMES = 12;

export class VideoChain {
  #isWhole = false;
  #begun = 0;
  #unread = 0;
  /** Frames painted since the last that could not be read. */
  #painted = 0;
  /** Sequence numbers since the last key frame. */
  #from = 0;
  #to = 0;
  /** Whether that video has been told of as broken: all that came of it is. */
  #isTold = false;
  #sent = 0;

  /** Whether it has shown that it can be read, or may yet. */
  get isOfUse(): boolean {
    return this.#unread < GIVEN_UP;
  }

  /** Something else is begun. */
  cut(): void {
    this.#isWhole = false;
  }

  /** The viewer could not read what was sent: frames behind it are told of as well, and those of a video before are history. */
  wasBroken(sequence: number): void {
    if (sequence < this.#from || this.#isTold) return;
    this.#isTold = true;
    this.#unread += 1;
    this.#painted = 0;
    this.cut();
  }

  /** The viewer has painted a picture. */
  painted(sequence: number): void {
    if (sequence < this.#from || sequence > this.#to) return;
    this.#painted += 1;
    if (this.#painted >= TRUSTED_FRAMES) this.#unread = 0;
  }

  /** Another viewer, or the same one once more. */
  reset(): void {
    this.cut();
    this.#unread = this.#painted = 0;
    this.#from = this.#to = 0;
    this.#isTold = false;
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
    if (isKey) {
      this.#from = sequence;
      this.#isTold = false;
    }
    this.#to = sequence;
  }
}
