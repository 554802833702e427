/** One request at a time has an upload; the newest takes it over, because its client has given the older one up. */
export interface Turn {
  /** Aborted when another request wants the upload. */
  readonly signal: AbortSignal;
  end(): void;
}

interface Holder {
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

export class Turns {
  readonly #holders = new Map<string, Holder>();

  /** Ends the turn of whoever has it, and waits for that. */
  async take(id: string): Promise<Turn> {
    for (let holder = this.#holders.get(id); holder !== undefined; holder = this.#holders.get(id)) {
      holder.abort.abort();
      await holder.ended;
    }
    const abort = new AbortController();
    let resolve = () => {};
    const ended = new Promise<void>((done) => {
      resolve = done;
    });
    this.#holders.set(id, { abort, ended });
    return {
      signal: abort.signal,
      end: () => {
        this.#holders.delete(id);
        resolve();
      },
    };
  }
}
