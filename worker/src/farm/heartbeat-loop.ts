/** Heartbeats: what this worker holds, told to the server at a steady pace; the answer is the truth. */
import { type Heartbeat, type HeartbeatAnswer, KilnError } from '@kiln/shared';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { FarmClient } from './farm-client.ts';
import type { Membership } from './membership.ts';

export interface HeartbeatLoopOptions {
  readonly client: FarmClient;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly log: Log;
  /** What to tell now. */
  readonly describe: () => Heartbeat;
  /** @param sentAtMs monotonic time at which the heartbeat was sent */
  readonly onAnswer: (answer: HeartbeatAnswer, sentAtMs: number) => void;
}

export class HeartbeatLoop {
  readonly #options: HeartbeatLoopOptions;
  #timer: NodeJS.Timeout | null = null;
  #underWay: Promise<void> | null = null;
  #isWantedAgain = false;
  #isOver = false;
  #missed = 0;

  constructor(options: HeartbeatLoopOptions) {
    this.#options = options;
  }

  start(): void {
    void this.beat();
  }

  /** Sends one now; when one is under way, another follows it. */
  beat(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    if (this.#underWay) {
      this.#isWantedAgain = true;
      return this.#underWay;
    }
    if (this.#timer) clearTimeout(this.#timer);
    this.#underWay = this.#beatOnce().finally(() => {
      this.#underWay = null;
      const afterMs = this.#isWantedAgain ? 0 : this.#options.membership.current.heartbeatMs;
      this.#isWantedAgain = false;
      if (!this.#isOver) this.#timer = setTimeout(() => void this.beat(), afterMs);
    });
    return this.#underWay;
  }

  stop(): void {
    this.#isOver = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  async #beatOnce(): Promise<void> {
    const { client, membership, clock, log, describe, onAnswer } = this.#options;
    const sentAtMs = clock.monotonicMs();
    try {
      const answer = await client.heartbeat(describe());
      if (this.#missed > 0) log.info({ missed: this.#missed }, 'the server answers heartbeats again');
      this.#missed = 0;
      if (!this.#isOver) onAnswer(answer, sentAtMs);
    } catch (error) {
      this.#missed++;
      if (this.#missed === 1 || this.#missed % 30 === 0) {
        log.warn({ err: error, missed: this.#missed }, 'a heartbeat was not answered');
      }
      const isForgotten =
        error instanceof KilnError && (error.code === 'worker.unknown' || error.code === 'identity.missing');
      if (isForgotten && !this.#isOver) {
        // Not awaited: leases that are still good are renewed by the next heartbeat, whenever that can be sent.
        void membership
          .renew(error.message)
          .catch((failure: unknown) => log.debug({ err: failure }, 'stopped while registering'));
      }
    }
  }
}
