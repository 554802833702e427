/** The last lines of a log that may be endless. */
export class LineTail {
  readonly #limit: number;
  readonly #chars: number;
  readonly #lines: string[] = [];

  /** @param limit lines that are kept; @param chars of a line, longer ones are cut */
  constructor(limit: number, chars: number) {
    this.#limit = limit;
    this.#chars = chars;
  }

  add(line: string): void {
    this.#lines.push(line.slice(0, this.#chars));
    if (this.#lines.length > this.#limit) this.#lines.shift();
  }

  get lines(): readonly string[] {
    return [...this.#lines];
  }
}
