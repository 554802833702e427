/** How far the attempts of this worker are, as the next heartbeat tells it. */
import type { AttemptProgress } from '@kiln/shared';

export class ProgressBook {
  readonly #attempts = new Map<string, AttemptProgress>();

  /** @param samples of its frame, those before the attempt's own included. */
  note(attemptId: string, frameNumber: number, samples: number): void {
    this.#attempts.set(attemptId, { attemptId, frameNumber, samples });
  }

  /** Nothing more of this attempt is told. */
  forget(attemptId: string): void {
    this.#attempts.delete(attemptId);
  }

  get all(): AttemptProgress[] {
    return [...this.#attempts.values()];
  }
}
