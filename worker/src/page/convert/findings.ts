import type { ImportFinding } from '@kiln/shared';

/** What a conversion has to tell, each thing once. */
export class Findings {
  readonly #list = new Map<string, ImportFinding>();

  /** @param place path of a file, or a name in it. */
  add(severity: 'warning' | 'information', code: string, message: string, place: string | null = null): void {
    this.#list.set(`${code}\0${message}`, { severity, code, message, pointer: place });
  }

  /** The gravest first. */
  get all(): ImportFinding[] {
    return [...this.#list.values()].sort((a, b) => Number(b.severity === 'warning') - Number(a.severity === 'warning'));
  }
}
