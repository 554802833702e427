/** Mean of what was measured, in which the newest weighs more. */
export class RunningMean {
  readonly #weight: number;
  #value: number | null = null;

  /** @param weight of the newest. */
  constructor(weight: number) {
    this.#weight = weight;
  }

  /** 0 before anything is known. */
  get value(): number {
    return this.#value ?? 0;
  }

  add(measure: number): void {
    this.#value = this.#value === null ? measure : this.#value + this.#weight * (measure - this.#value);
  }

  forget(): void {
    this.#value = null;
  }
}
