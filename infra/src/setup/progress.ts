/** Shows what set-up is doing: one line a step when it ends, and on a terminal a living line of what is under way. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const NAME_WIDTH = 10;
const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
const REDRAW_MS = 100;

export class Progress {
  readonly #out: Terminal;
  readonly #active = new Map<string, { startedMs: number; note: string }>();
  #timer: NodeJS.Timeout | undefined;
  #tick = 0;

  constructor(out: Terminal) {
    this.#out = out;
  }

  /**
   * Runs one step; what it resolves to is said in its line, with the seconds it took when that is noticeable.
   *
   * @param work gets a function that tells how far it is.
   */
  async step(name: string, work: (note: (text: string) => void) => Promise<string>): Promise<void> {
    const entry = { startedMs: Date.now(), note: '' };
    this.#active.set(name, entry);
    if (this.#out.isTTY) this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS);
    try {
      const result = await work((text) => {
        entry.note = text;
      });
      const seconds = (Date.now() - entry.startedMs) / 1_000;
      this.line(`  ${name.padEnd(NAME_WIDTH)}${result}${seconds >= 0.5 ? `  (${seconds.toFixed(1)} s)` : ''}`);
    } finally {
      this.#active.delete(name);
      if (this.#active.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
        this.#clear();
      }
    }
  }

  /** Prints a whole line above the living one. */
  line(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
  }

  #draw(): void {
    this.#tick += 1;
    const parts = [...this.#active].map(([name, { startedMs, note }]) => {
      const seconds = Math.floor((Date.now() - startedMs) / 1_000);
      return `${name}${note === '' ? '' : ` ${note}`}${seconds > 0 ? ` ${seconds} s` : ''}`;
    });
    this.#clear();
    this.#out.write(`  ${FRAMES[this.#tick % FRAMES.length]} ${parts.join(' · ')}`);
  }

  #clear(): void {
    if (this.#out.isTTY) this.#out.write('\r\u001b[2K');
  }
}
