import type { Client } from '@kiln/shared';

/** A worker takes what waits within a second; who waits longer is told why. */
const FIRST_LOOK_MS = 3_000;
const LONGEST_PAUSE_MS = 60_000;

/** Looks whether a worker is connected whenever nothing has happened for a while: after 3 s, then less and less often. */
export class WorkerWatch {
  readonly #client: Pick<Client, 'health'>;
  readonly #changed: (isConnected: boolean) => void;
  #isConnected = true;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param changed is told when no worker is connected, and when one is again. */
  constructor(client: Pick<Client, 'health'>, changed: (isConnected: boolean) => void) {
    this.#client = client;
    this.#changed = changed;
    this.#lookAfter(FIRST_LOOK_MS);
  }

  /** A worker has done something. */
  heard(): void {
    this.#set(true);
    this.#lookAfter(FIRST_LOOK_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #lookAfter(pauseMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const timer = setTimeout(async () => {
      // That the farm does not answer is said by whoever waits for it.
      const health = await this.#client.health().catch(() => null);
      if (this.#timer !== timer) return;
      if (health !== null) this.#set(health.workersReady > 0);
      this.#lookAfter(Math.min(LONGEST_PAUSE_MS, pauseMs * 2));
    }, pauseMs);
    this.#timer = timer;
  }

  #set(isConnected: boolean): void {
    if (this.#stopped || isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    this.#changed(isConnected);
  }
}
