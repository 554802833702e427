/** Where this process is in its life: what readiness and new requests look at. */
export class Lifecycle {
  #phase: 'starting' | 'ready' | 'draining' = 'starting';

  get phase(): 'starting' | 'ready' | 'draining' {
    return this.#phase;
  }

  begin(): void {
    if (this.#phase === 'starting') this.#phase = 'ready';
  }

  drain(): void {
    this.#phase = 'draining';
  }
}
