/** [LV10] Messages of which the newest of each type counts, while a socket has not taken what went before. */
interface Waiting<M> {
  readonly message: M;
  /** When the first of its type began to wait. */
  readonly sinceMs: number;
}

export class NewestWaiting<M extends { readonly type: string }> {
  /** In the order in which those that wait came: none is overtaken by a later one of another type. */
  readonly #waiting = new Map<M['type'], Waiting<M>>();

  /** @returns whether it has taken the place of another. */
  put(message: M, nowMs: number): boolean {
    const type: M['type'] = message.type;
    const before = this.#waiting.get(type);
    this.#waiting.delete(type);
    this.#waiting.set(type, { message, sinceMs: before?.sinceMs ?? nowMs });
    return before !== undefined;
  }

  /** All that wait; they wait no more. */
  take(): M[] {
    const messages = [...this.#waiting.values()].map(({ message }) => message);
    this.#waiting.clear();
    return messages;
  }

  /** Since when one of this type waits, whatever has taken its place since; null: none does. */
  sinceMs(type: M['type']): number | null {
    return this.#waiting.get(type)?.sinceMs ?? null;
  }
}
