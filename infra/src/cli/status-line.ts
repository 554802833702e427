import type { Terminal } from '../setup/progress.ts';

/** On a terminal, a last line that changes in place; elsewhere only lines that stay. */
export class StatusLine {
  readonly #out: Terminal & { readonly columns?: number };
  #shown = '';
  #phase = '';

  constructor(out: Terminal & { readonly columns?: number }) {
    this.#out = out;
  }

  /** Replaces the living line. Nothing where there is no terminal. */
  show(text: string): void {
    if (!this.#out.isTTY || text === this.#shown) return;
    this.#shown = text;
    this.#out.write(`\r\u001b[2K${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
  }

  /** Prints a line that stays, above the living one. */
  line(text: string): void {
    const shown = this.#shown;
    this.clear();
    this.#out.write(`${text}\n`);
    if (shown !== '') this.show(shown);
    this.#phase = '';
  }

  /** `living` on a terminal; elsewhere `plain` as a line of its own, once until something else is said. */
  phase(living: string, plain: string = living): void {
    if (this.#out.isTTY) this.show(living);
    else if (plain !== this.#phase) {
      this.line(plain);
      this.#phase = plain;
    }
  }

  /** `living` on a terminal, `plain` as a line of its own elsewhere. */
  progress(living: string, plain: string): void {
    if (this.#out.isTTY) this.show(living);
    else this.line(plain);
  }

  /** A line of its own, where there is no terminal. */
  plain(text: string): void {
    if (!this.#out.isTTY) this.line(text);
  }

  clear(): void {
    if (this.#out.isTTY && this.#shown !== '') this.#out.write('\r\u001b[2K');
    this.#shown = '';
  }
}
