/** Look-up tables in the `.cube` format: text, the input of red changing fastest. */
import { KilnError } from '../errors.ts';
import { LIMITS } from '../limits.ts';

export interface LookUpTable {
  /** 1: each channel for itself; 3: all together. */
  readonly dimensions: 1 | 3;
  /** Entries along each edge. */
  readonly size: number;
  /** What of the input the table spans, by channel. */
  readonly domainMin: readonly [number, number, number];
  readonly domainMax: readonly [number, number, number];
  /** RGB of each entry. */
  readonly entries: Float32Array;
}

type Triple = readonly [number, number, number];

/** @param path of the file, for messages. @throws KilnError `scene.invalid` naming the line. */
export const readCube = (text: string, path: string): LookUpTable => new CubeReader(path).read(text);

class CubeReader {
  readonly #path: string;
  #line = 0;
  #dimensions: 1 | 3 = 3;
  #size = 0;
  #min: Triple = [0, 0, 0];
  #max: Triple = [1, 1, 1];
  #entries = new Float32Array();
  #count = 0;

  constructor(path: string) {
    this.#path = path;
  }

  read(text: string): LookUpTable {
    for (const line of text.split(/\r\n|\n|\r/)) {
      this.#line += 1;
      const content = line.trim();
      if (content === '' || content.startsWith('#')) continue;
      if (/^[-+.\d]/.test(content)) this.#entry(content);
      else this.#keyword(content);
    }
    if (this.#size === 0) throw this.#fault('it names neither LUT_1D_SIZE nor LUT_3D_SIZE');
    const wanted = this.#size ** this.#dimensions;
    if (this.#count < wanted) throw this.#fault(`it ends after ${this.#count} of ${wanted} entries`);
    if (this.#min.some((min, c) => min >= (this.#max[c] ?? 0))) throw this.#fault('its domain is empty');
    const [domainMin, domainMax] = [this.#min, this.#max];
    return { dimensions: this.#dimensions, size: this.#size, domainMin, domainMax, entries: this.#entries };
  }

  #keyword(content: string): void {
    const [word = '', ...values] = content.split(/\s+/);
    if (word === 'TITLE') return;
    if (this.#count > 0) throw this.#fault(`${quoted(word)} stands after the first entry`);
    if (word === 'LUT_1D_SIZE') this.#setSize(1, values, LIMITS.lutEdge1d);
    else if (word === 'LUT_3D_SIZE') this.#setSize(3, values, LIMITS.lutEdge3d);
    else if (word === 'DOMAIN_MIN') this.#min = this.#triple(values);
    else if (word === 'DOMAIN_MAX') this.#max = this.#triple(values);
    else if (word === 'LUT_1D_INPUT_RANGE' || word === 'LUT_3D_INPUT_RANGE') {
      const [min = Number.NaN, max = Number.NaN] = this.#numbers(values, 2);
      [this.#min, this.#max] = [
        [min, min, min],
        [max, max, max],
      ];
    } else throw this.#fault(`${quoted(word)} is no keyword of a .cube`);
  }

  #setSize(dimensions: 1 | 3, values: readonly string[], most: number): void {
    if (this.#size > 0) throw this.#fault('it has a size already: tables of two kinds in one file are not read');
    const [size = Number.NaN] = this.#numbers(values, 1);
    if (!Number.isInteger(size) || size < 2 || size > most) {
      throw this.#fault(`its size must be a whole number from 2 to ${most}, it is ${values.join(' ')}`);
    }
    this.#dimensions = dimensions;
    this.#size = size;
    this.#entries = new Float32Array(size ** dimensions * 3);
  }

  #entry(content: string): void {
    if (this.#size === 0) throw this.#fault('entries come before the size of the table');
    const wanted = this.#size ** this.#dimensions;
    if (this.#count === wanted) throw this.#fault(`there are more than ${wanted} entries`);
    this.#entries.set(this.#triple(content.split(/\s+/)), this.#count * 3);
    this.#count += 1;
  }

  #triple(values: readonly string[]): Triple {
    const [r = 0, g = 0, b = 0] = this.#numbers(values, 3);
    return [r, g, b];
  }

  #numbers(values: readonly string[], count: number): number[] {
    const numbers = values.map(Number);
    // Larger ones are infinite in the GPU's floats.
    if (numbers.length === count && numbers.every((value) => Math.abs(value) <= 3e38)) return numbers;
    const wanted = count === 1 ? 'one number' : `${count} numbers`;
    throw this.#fault(`expected ${wanted}, got ${quoted(values.join(' '))}`);
  }

  #fault = (why: string) =>
    new KilnError('scene.invalid', `${this.#path}, line ${this.#line}: ${why}.`, {
      field: `${this.#path}:${this.#line}`,
    });
}

const quoted = (text: string) => JSON.stringify(text.slice(0, 60));
