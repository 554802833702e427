import type { Client } from '@kiln/shared';
import { QuietWatch } from './quiet-watch.ts';

const LONGEST_PAUSE_MS = 60_000;

/** Looks whether a worker is connected whenever nothing has happened for a while. */
export class WorkerWatch {
  readonly #changed: (isConnected: boolean) => void;
  readonly #quiet: QuietWatch<boolean>;
  #isConnected = true;
  #stopped = false;

  /** @param changed is told when no worker is connected, and when one is again. */
  constructor(client: Pick<Client, 'health'>, changed: (isConnected: boolean) => void) {
    this.#changed = changed;
    this.#quiet = new QuietWatch(
      async () => (await client.health()).workersReady > 0,
      (isConnected) => this.#set(isConnected),
      LONGEST_PAUSE_MS,
    );
  }

  /** A worker has done something. */
  heard(): void {
    this.#set(true);
    this.#quiet.heard();
  }

  stop(): void {
    this.#stopped = true;
    this.#quiet.stop();
  }

  #set(isConnected: boolean): void {
    if (this.#stopped || isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    this.#changed(isConnected);
  }
}
