import { type AssetReference, type LookUpTable, readCube } from '@kiln/shared';
import { PAGE_LIMITS } from '../limits.ts';
import { assetBytes } from './asset-bytes.ts';

/** Look-up tables by content, the last used kept. */
export class LookUpTables {
  readonly #read = new Map<string, Promise<LookUpTable>>();

  get(reference: AssetReference): Promise<LookUpTable> {
    const { sha256 } = reference;
    const known = this.#read.get(sha256);
    const reading =
      known ?? assetBytes(reference).then((bytes) => readCube(new TextDecoder().decode(bytes), `${sha256}.cube`));
    this.#read.delete(sha256);
    this.#read.set(sha256, reading);
    if (!known) reading.catch(() => this.#read.delete(sha256));
    for (const oldest of this.#read.keys()) {
      if (this.#read.size <= PAGE_LIMITS.lookUpTables) break;
      this.#read.delete(oldest);
    }
    return reading;
  }
}
