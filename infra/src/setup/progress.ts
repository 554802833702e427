/** Shows what set-up is doing: one line a step when it ends, and on a terminal a living line of what is under way. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const NAME_WIDTH = 10;
const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
const REDRAW_MS = 100;
/** A step that took less says nothing of its time. */
const NOTICEABLE_MS = 500;

export class Progress {
  readonly #out: Terminal;
  readonly #underWay = new Map<string, { readonly startedMs: number; note: string }>();
  #timer: NodeJS.Timeout | undefined;
  #tick = 0;

  constructor(out: Terminal) {
    this.#out = out;
  }

  /**
   * Runs one step; what it resolves to is said in its line.
   *
   * @param work gets a function that tells how far it is.
   */
  async step(name: string, work: (note: (text: string) => void) => Promise<string>): Promise<void> {
    this.begin(name);
    try {
      this.end(name, await work((text) => this.note(name, text)));
    } finally {
      this.drop(name);
    }
  }

  begin(name: string): void {
    this.#underWay.set(name, { startedMs: Date.now(), note: '' });
    if (this.#out.isTTY) this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS);
  }

  note(name: string, text: string): void {
    const step = this.#underWay.get(name);
    if (step !== undefined) step.note = text;
  }

  /** Prints the step's line, with the seconds it took when that is noticeable. */
  end(name: string, result: string): void {
    const tookMs = Date.now() - (this.#underWay.get(name)?.startedMs ?? Date.now());
    this.drop(name);
    this.line(
      `  ${name.padEnd(NAME_WIDTH)}${result}${tookMs < NOTICEABLE_MS ? '' : `  (${(tookMs / 1_000).toFixed(1)} s)`}`,
    );
  }

  /** Forgets a step without a line. */
  drop(name: string): void {
    this.#underWay.delete(name);
    if (this.#underWay.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#clear();
  }

  /** Forgets all that is under way. */
  dropAll(): void {
    for (const name of [...this.#underWay.keys()]) this.drop(name);
  }

  /** Prints a whole line above the living one. */
  line(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
  }

  #draw(): void {
    this.#tick += 1;
    const parts = [...this.#underWay].map(([name, { startedMs, note }]) => {
      const seconds = Math.floor((Date.now() - startedMs) / 1_000);
      return `${name}${note === '' ? '' : ` ${note}`}${seconds > 0 ? ` ${seconds} s` : ''}`;
    });
    this.#clear();
    this.#out.write(`  ${SPINNER[this.#tick % SPINNER.length]} ${parts.join(' · ')}`);
  }

  #clear(): void {
    if (this.#out.isTTY) this.#out.write('\r\u001b[2K');
  }
}
