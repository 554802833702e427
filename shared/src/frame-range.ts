/**
 * Frame expressions: which frames of a layer to render, as people write it.
 *
 *     expression = item { "," item }
 *     item       = number [ "-" number [ "x" step ] [ ":" order ] ]
 *     number     = [ "-" ] digits
 *     order      = digits | "flm"
 *
 * `7`, `1-10`, `1-100x3` (every third), `10-1` (backwards), `-5--1` (frames below 0). `1-100:8` begins with every eighth, then
 * come those halfway between, and so on; `1-100:flm` is first, last, middle, then the others. Spaces may stand between the
 * parts.
 * A range is kept as its segments, so that `1-1000000` costs no more than `7`.
 */
import { isPowerOfTwo } from './division.ts';
import { KilnError } from './errors.ts';
import { endsAndMiddleFirst, interleaved } from './frame-order.ts';
import { type FrameSegment, firstCommonNumber } from './frame-segments.ts';
import { LIMITS } from './limits.ts';

/** Frames in the order in which they were named; no frame is in two segments. */
export interface FrameRange {
  readonly segments: readonly FrameSegment[];
}

/** A power of two: interleaved so. */
type Order = 'as-named' | 'first-last-middle' | number;

interface Item extends FrameSegment {
  readonly order: Order;
  /** Where the item begins and ends in the expression. */
  readonly position: number;
  readonly end: number;
}

/**
 * Reads a frame expression.
 *
 * @throws KilnError `job.bad_frame_range` with the position of the fault, counted in characters from 0; a frame that is
 *   named twice is such a fault, at the item that names it again. `job.too_large` when it names more than
 *   `LIMITS.jobFrames` frames, with the position of the item that exceeds them.
 */
export function parseFrameRange(expression: string): FrameRange {
  if (expression.length > LIMITS.frameExpressionChars) {
    throw fault(
      LIMITS.frameExpressionChars,
      `a frame expression has at most ${LIMITS.frameExpressionChars} characters, this one has ${expression.length}`,
    );
  }
  const items = new Reader(expression).items();
  let frames = 0;
  for (const item of items) {
    frames += item.count;
    if (frames <= LIMITS.jobFrames) continue;
    throw new KilnError(
      'job.too_large',
      `a frame expression may name at most ${LIMITS.jobFrames} frames; "${textOf(expression, item)}" at character ` +
        `${item.position} brings it to ${frames}`,
      { position: item.position },
    );
  }
  const twice = firstCommonNumber(items);
  if (twice) {
    const { earlier, later, common } = twice;
    throw fault(
      later.position,
      `frame ${common} is named twice: by "${textOf(expression, earlier)}" and again by "${textOf(expression, later)}" ` +
        `at character ${later.position}; name each frame once`,
    );
  }
  return { segments: items.flatMap(inOrder) };
}

/** Whether frames are named in an order that only says which are wanted first: `1-100:8`. */
export const isReordered = (expression: string): boolean => expression.includes(':');

function inOrder({ first, step, count, order }: Item): FrameSegment[] {
  const segment = { first, step, count };
  if (order === 'as-named') return [segment];
  return order === 'first-last-middle' ? endsAndMiddleFirst(segment) : interleaved(segment, order);
}

/** Whether a frame is in a range. */
export function includesFrame(range: FrameRange, frame: number): boolean {
  return range.segments.some(({ first, step, count }) => {
    const index = (frame - first) / step;
    return Number.isInteger(index) && index >= 0 && index < count;
  });
}

/** How many frames a range has. */
export function frameCount(range: FrameRange): number {
  return range.segments.reduce((sum, segment) => sum + segment.count, 0);
}

/**
 * The frame number at `index`, counted from 0 in the order of the range.
 *
 * @throws RangeError when the range has no such index.
 */
export function frameAt(range: FrameRange, index: number): number {
  let rest = index;
  if (Number.isInteger(index) && index >= 0) {
    for (const { first, step, count } of range.segments) {
      if (rest < count) return first + rest * step;
      rest -= count;
    }
  }
  throw new RangeError(`a range of ${frameCount(range)} frames has no index ${index}`);
}

/** The shortest expression of a range; reading it again gives the same range. */
export function formatFrameRange(range: FrameRange): string {
  return range.segments.map(formatSegment).join(',');
}

function formatSegment({ first, step, count }: FrameSegment): string {
  if (count === 1) return String(first);
  const stride = Math.abs(step);
  return `${first}-${first + step * (count - 1)}${stride === 1 ? '' : `x${stride}`}`;
}

const fault = (position: number, message: string) => new KilnError('job.bad_frame_range', message, { position });

const textOf = (expression: string, item: Item) => expression.slice(item.position, item.end);

const isDigit = (char: string) => char >= '0' && char <= '9';

/** A character as it is named in a message. */
const named = (char: string) => (char === '' ? 'the end' : `"${char}"`);

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  items(): Item[] {
    const items: Item[] = [];
    for (;;) {
      items.push(this.#item());
      if (this.#peek() === '') return items;
      this.#comma();
    }
  }

  #item(): Item {
    this.#peek();
    const position = this.#at;
    const first = this.#number('a frame number');
    let end = this.#at;
    if (this.#peek() !== '-') return { first, step: 1, count: 1, order: 'as-named', position, end };
    this.#at++;
    const last = this.#number('the last frame number of a range');
    end = this.#at;
    let stride = 1;
    if (this.#peek() === 'x') {
      this.#at++;
      stride = this.#stride();
      end = this.#at;
    }
    let order: Order = 'as-named';
    if (this.#peek() === ':') {
      this.#at++;
      order = this.#order();
      end = this.#at;
    }
    const count = Math.floor(Math.abs(last - first) / stride) + 1;
    const step = last > first ? stride : -stride;
    return { first, step: count === 1 ? 1 : step, count, order, position, end };
  }

  #order(): Order {
    this.#peek();
    const position = this.#at;
    if (this.#text.startsWith('flm', position)) {
      this.#at += 'flm'.length;
      return 'first-last-middle';
    }
    const stride = this.#digits('a power of two or "flm" after ":"', position);
    if (stride > 1 && isPowerOfTwo(stride)) return stride;
    throw fault(position, `expected a power of two or "flm" after ":" at character ${position}, got ${stride}`);
  }

  #number(what: string): number {
    const negative = this.#peek() === '-';
    const position = this.#at;
    if (negative) this.#at++;
    const value = this.#digits(what, position);
    return negative && value !== 0 ? -value : value;
  }

  #stride(): number {
    this.#peek();
    const position = this.#at;
    const stride = this.#digits('a step after "x"', position);
    if (stride === 0) throw fault(position, `expected a step of 1 or more after "x" at character ${position}, got 0`);
    return stride;
  }

  #digits(what: string, position: number): number {
    const start = this.#at;
    while (isDigit(this.#char())) this.#at++;
    const digits = this.#text.slice(start, this.#at);
    if (digits === '') {
      throw fault(this.#at, `expected ${what} at character ${this.#at}, got ${named(this.#char())}`);
    }
    if (Number(digits) > LIMITS.frameNumber) {
      throw fault(
        position,
        `expected ${what} within ±${LIMITS.frameNumber} at character ${position}, got ${digits.slice(0, 20)}`,
      );
    }
    return Number(digits);
  }

  #comma(): void {
    if (this.#char() !== ',') {
      throw fault(
        this.#at,
        `expected "," or the end after a frame or range at character ${this.#at}, got ${named(this.#char())}`,
      );
    }
    this.#at++;
  }

  /** Skips spaces and gives the character behind them; '' at the end. */
  #peek(): string {
    while (this.#char() === ' ' || this.#char() === '\t') this.#at++;
    return this.#char();
  }

  #char(): string {
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }
}
