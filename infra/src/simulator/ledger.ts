/** What must hold at every moment. Notes what does not, and goes on. */
import { mayBecome } from '@kiln/shared';

const KEPT = 20;

export class Ledger {
  readonly violations: string[] = [];
  #n = 0;

  get count(): number {
    return this.#n;
  }

  check(holds: boolean, what: () => string): void {
    if (holds) return;
    this.#n++;
    if (this.violations.length < KEPT) this.violations.push(what());
  }

  /** Moves a state along an arrow of its table. */
  move<S extends string>(
    table: Readonly<Record<S, readonly S[]>>,
    thing: { state: S },
    to: NoInfer<S>,
    name: () => string,
  ): void {
    const from = thing.state;
    this.check(mayBecome<S>(table, from, to), () => `${name()} went from ${from} to ${to}`);
    thing.state = to;
  }
}
