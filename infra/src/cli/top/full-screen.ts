/** Draws in place on a terminal's other screen, and gives back the one that was there. */

interface ScreenTerminal {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** The other screen, no cursor, and lines that are too long do not wrap. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

export class FullScreen {
  readonly #out: ScreenTerminal;
  readonly #restore = () => this.leave();
  #isOpen = true;

  constructor(out: ScreenTerminal) {
    this.#out = out;
    out.write(ENTER);
    // However the process ends.
    process.once('exit', this.#restore);
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#out.columns ?? 80, rows: this.#out.rows ?? 24 };
  }

  /** @param lines not more than the terminal has rows. */
  draw(lines: readonly string[]): void {
    this.#out.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_BELOW}`);
  }

  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#restore);
    this.#out.write(LEAVE);
  }
}
