/** [LV15, LV33] Those who are away: how long their camera, their seat, and the session are kept for them. */
import type { Audience, Seat } from './audience.ts';

/** Share of the lease in which one who drives may come back before the camera is free. */
const GRACE = 0.25;

interface AbsenceHooks {
  /** A seat, or the camera, is given up. @param isDriver it was whose camera it is. */
  readonly onGivenUp: (isDriver: boolean) => void;
  readonly onNobodyBack: () => void;
}

export class Absences {
  readonly #audience: Audience;
  readonly #leaseMs: number;
  readonly #hooks: AbsenceHooks;
  #leaseTimer: NodeJS.Timeout | null = null;

  constructor(audience: Audience, leaseMs: number, hooks: AbsenceHooks) {
    this.#audience = audience;
    this.#leaseMs = leaseMs;
    this.#hooks = hooks;
  }

  /** Its connection is lost. */
  left(seat: Seat): void {
    seat.peer = null;
    seat.leftAtMs = performance.now();
    const isDriver = this.#audience.driver === seat;
    seat.timer = setTimeout(() => this.#afterGrace(seat), isDriver ? this.#leaseMs * GRACE : this.#leaseMs);
  }

  isBack(seat: Seat): void {
    if (seat.timer) clearTimeout(seat.timer);
    seat.timer = null;
  }

  /** Nobody is here. */
  waitForAnybody(): void {
    this.#leaseTimer = setTimeout(this.#hooks.onNobodyBack, this.#leaseMs);
  }

  somebodyIsHere(): void {
    if (this.#leaseTimer) clearTimeout(this.#leaseTimer);
    this.#leaseTimer = null;
  }

  stop(): void {
    this.somebodyIsHere();
    for (const seat of this.#audience.all) this.isBack(seat);
  }

  /** Its camera is free, then its seat. */
  #afterGrace(seat: Seat): void {
    const isDriver = this.#audience.driver === seat;
    if (isDriver) {
      this.#audience.giveUpDriver(performance.now());
      seat.timer = setTimeout(() => this.#afterGrace(seat), this.#leaseMs * (1 - GRACE));
    } else this.#audience.remove(seat, performance.now());
    this.#hooks.onGivenUp(isDriver);
  }
}
