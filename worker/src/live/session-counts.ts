/** What one session did, and what it never did because something newer took its place. */
export class SessionCounts {
  /** Poses and views. */
  inputs = 0;
  /** Of them those that a newer one overtook before a picture of them was begun. */
  inputsReplaced = 0;
  picturesSent = 0;
  /** That were drawn, and stale by then. */
  picturesDropped = 0;
  /** Better parts of a resting picture that nobody wanted any more. */
  tilesDropped = 0;
  /** Most pictures that were on their way to the viewer or being made at once. */
  mostPictures = 0;
  #isWaiting = false;

  /** An input came that is newer than all before. */
  took(): void {
    this.inputs++;
    if (this.#isWaiting) this.inputsReplaced++;
    this.#isWaiting = true;
  }

  /** A picture of what is wanted now is begun. */
  began(): void {
    this.#isWaiting = false;
  }

  /** @param pictures on their way or being made, with the new one. */
  making(pictures: number): void {
    this.mostPictures = Math.max(this.mostPictures, pictures);
  }
}
