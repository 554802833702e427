/**
 * [LV40] Moving pictures as frames of one video: each is read with the one before. What was begun and is not sent, and what is
 * sent between, ends it: the next frame is then a key frame, which stands for itself.
 */
export interface ChainLink {
  readonly place: number;
  /** Nothing before is to be built on. */
  readonly isKey: boolean;
}

export class VideoChain {
  #isWhole = false;
  #begun = 0;
  #sent = 0;

  /** Something else is begun, or the viewer could not read what was sent. */
  cut(): void {
    this.#isWhole = false;
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

  sent({ place }: ChainLink): void {
    this.#sent = place;
  }
}
