import type { Logger } from 'pino';

/** What has been opened, closed in the opposite order, once, whatever fails on the way. */
export class Closing {
  readonly #log: Logger;
  readonly #steps: { readonly name: string; readonly close: () => Promise<void> }[] = [];
  #running: Promise<void> | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(name: string, close: () => Promise<void>): void {
    this.#steps.push({ name, close });
  }

  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    for (const { name, close } of this.#steps.toReversed()) {
      try {
        await close();
      } catch (error) {
        this.#log.error({ err: error }, `closing failed: ${name}`);
      }
    }
  }
}
