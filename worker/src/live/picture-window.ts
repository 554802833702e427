import type { SessionCounts } from './session-counts.ts';

/** Flow control of one viewer: at most so many pictures are on their way or being made, and never an older one. */
export class PictureWindow {
  readonly counts: SessionCounts;
  readonly #limit: () => number;
  readonly #onSent: (sequence: number, isMoving: boolean) => void;
  /** Sequence number of the last picture sent since `reset`; 0: none. */
  #sent = 0;
  #acknowledged = 0;
  #making = 0;
  #newestRank = 0;
  #generation = 0;

  /** @param counts where it is counted. @param limit pictures on their way or being made at once, at most, by now. @param onSent hears of each that is sent. */
  constructor(
    counts: SessionCounts,
    limit: () => number,
    onSent: (sequence: number, isMoving: boolean) => void = () => {},
  ) {
    this.counts = counts;
    this.#limit = limit;
    this.#onSent = onSent;
  }

  get hasRoom(): boolean {
    return this.#sent - this.#acknowledged + this.#making < this.#limit();
  }

  /** Whether so many are on their way, whatever is being made. */
  get isFull(): boolean {
    return this.unacknowledged >= this.#limit();
  }

  get isMaking(): boolean {
    return this.#making > 0;
  }

  /** Sequence number of the newest picture that was sent. */
  get newest(): number {
    return this.#sent;
  }

  /** Pictures that were sent and not acknowledged. */
  get unacknowledged(): number {
    return this.#sent - this.#acknowledged;
  }

  /** The viewer is new, or came back: nothing that was sent counts, and nothing that is being made is wanted. */
  reset(): void {
    this.#sent = 0;
    this.#acknowledged = 0;
    this.#making = 0;
    this.#newestRank = 0;
    this.#generation++;
  }

  /** [LV17] As `reset`, but that the numbers go on: what is under way with older ones may come after what follows. */
  renew(): void {
    const sent = this.#sent;
    this.reset();
    this.#sent = this.#acknowledged = sent;
  }

  /** A picture is begun; the answer ends it. `rank` grows with what is newer, and within that with what is better. */
  begin(rank: number, isMoving: boolean): BegunPicture {
    const generation = this.#generation;
    this.#making++;
    this.counts.making(this.unacknowledged + this.#making);
    let isOver = false;
    const end = () => {
      if (isOver || generation !== this.#generation) return false;
      isOver = true;
      this.#making--;
      return true;
    };
    return {
      send: () => {
        if (!end() || rank < this.#newestRank) {
          this.counts.picturesDropped++;
          return null;
        }
        this.#newestRank = rank;
        this.#sent++;
        this.counts.picturesSent++;
        this.#onSent(this.#sent, isMoving);
        return this.#sent;
      },
      drop: () => void end(),
    };
  }

  /** [LV35] What ranks so, or above, is wanted once more: it may be sent though something better was. */
  again(rank: number): void {
    this.#newestRank = Math.min(this.#newestRank, rank);
  }

  /** @returns false for a picture that was not sent since `reset`, or was acknowledged before. */
  acknowledge(picture: number): boolean {
    if (picture > this.#sent || picture <= this.#acknowledged) return false;
    this.#acknowledged = picture;
    return true;
  }
}

export interface BegunPicture {
  /** Its sequence number, or null when it is stale and must not be sent. */
  send(): number | null;
  /** It will not be sent. */
  drop(): void;
}
