/** How large workers are, for scenes that may not fit on each. */
import type { SceneNeeds, WorkerFacts } from '@kiln/shared';

/**
 * Scenes that the same workers are too small for are alike. So there are only as many kinds of scenes as sizes of workers, however many
 * scenes wait.
 */
export class WorkerSizes {
  readonly #gpuBytes: readonly number[];
  readonly #texturePx: readonly number[];

  constructor(workers: readonly WorkerFacts[]) {
    this.#gpuBytes = ascending(workers.map(({ gpuMemoryBytes }) => gpuMemoryBytes));
    this.#texturePx = ascending(workers.map(({ maxTexturePx }) => maxTexturePx));
  }

  /** @returns the least needs that the same workers are too small for; null when none is. */
  alike({ gpuBytes, texturePx }: SceneNeeds): SceneNeeds | null {
    const least = { gpuBytes: alikeIn(this.#gpuBytes, gpuBytes), texturePx: alikeIn(this.#texturePx, texturePx) };
    return least.gpuBytes === 0 && least.texturePx === 0 ? null : least;
  }
}

const ascending = (sizes: readonly (number | null | undefined)[]): readonly number[] =>
  [...new Set(sizes.filter((size) => size !== null && size !== undefined))].sort((a, b) => a - b);

/** Just more than the largest size that is too small; 0 when none is. */
const alikeIn = (sizes: readonly number[], need: number): number => (sizes.findLast((size) => size < need) ?? -1) + 1;
