import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KilnError } from '../src/errors.ts';
import { type FrameRange, formatFrameRange, frameAt, frameCount, parseFrameRange } from '../src/frame-range.ts';
import { LIMITS } from '../src/limits.ts';

const framesOf = (range: FrameRange) => Array.from({ length: frameCount(range) }, (_, index) => frameAt(range, index));

function faultOf(expression: string): KilnError {
  try {
    parseFrameRange(expression);
  } catch (error) {
    if (error instanceof KilnError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(expression)} was accepted`);
}

describe('parseFrameRange', () => {
  const accepted: readonly [string, readonly number[]][] = [
    ['7', [7]],
    ['0', [0]],
    ['-0', [0]],
    ['007', [7]],
    ['1-5', [1, 2, 3, 4, 5]],
    ['1-10x3', [1, 4, 7, 10]],
    ['1-9x3', [1, 4, 7]],
    ['5-1', [5, 4, 3, 2, 1]],
    ['10-1x4', [10, 6, 2]],
    ['-3', [-3]],
    ['-5--1', [-5, -4, -3, -2, -1]],
    ['-1--5x2', [-1, -3, -5]],
    ['-2-1', [-2, -1, 0, 1]],
    ['5,7,20-22', [5, 7, 20, 21, 22]],
    ['9,1-3', [9, 1, 2, 3]],
    ['4-4', [4]],
    ['4-4x9', [4]],
    ['1-2x100', [1]],
    [' 1 - 7 x 3 ,\t9 ', [1, 4, 7, 9]],
    ['1-9x2,2-10x2', [1, 3, 5, 7, 9, 2, 4, 6, 8, 10]],
    ['1-10:4', [1, 5, 9, 3, 7, 2, 4, 6, 8, 10]],
    ['10-1:2', [10, 8, 6, 4, 2, 9, 7, 5, 3, 1]],
    ['1-19x3 : 4, 0', [1, 13, 7, 19, 4, 10, 16, 0]],
    ['1-2:64', [1, 2]],
    ['1-9:flm', [1, 9, 5, 2, 3, 4, 6, 7, 8]],
    ['8-1:flm', [8, 1, 5, 7, 6, 4, 3, 2]],
    ['1-2:flm,4-4:flm,5-7:flm', [1, 2, 4, 5, 7, 6]],
  ];
  it.each(accepted)('reads %j', (expression, frames) => {
    expect(framesOf(parseFrameRange(expression))).toEqual(frames);
  });

  const refused: readonly [string, number, RegExp][] = [
    ['', 0, /expected a frame number at character 0, got the end/],
    ['   ', 3, /expected a frame number at character 3, got the end/],
    ['a', 0, /expected a frame number at character 0, got "a"/],
    ['1,', 2, /expected a frame number at character 2, got the end/],
    ['1,,2', 2, /got ","/],
    ['1-', 2, /expected the last frame number of a range at character 2, got the end/],
    ['1-10x', 5, /expected a step after "x" at character 5, got the end/],
    ['1-10x0', 5, /expected a step of 1 or more .* got 0/],
    ['1-10x-2', 5, /expected a step after "x" at character 5, got "-"/],
    ['1-10:', 5, /expected a power of two or "flm" after ":" at character 5, got the end/],
    ['1-10:5', 5, /expected a power of two or "flm" after ":" at character 5, got 5/],
    ['1-10:1', 5, /got 1$/],
    ['1-10:8,4', 7, /frame 4 is named twice/],
    ['7:4', 1, /expected "," or the end .* got ":"/],
    ['1-9:flm:2', 7, /expected "," or the end .* got ":"/],
    ['1x3', 1, /expected "," or the end .* got "x"/],
    ['1-10-20', 4, /expected "," or the end .* got "-"/],
    ['1 2', 2, /got "2"/],
    ['1.5', 1, /got "\."/],
    ['1–5', 1, /got "–"/],
    ['1-5,😀', 4, /got "😀"/],
    ['- 5', 1, /expected a frame number at character 1, got " "/],
    ['10000001', 0, /within ±10000000 at character 0, got 10000001/],
    ['3,1--10000001', 4, /within ±10000000 at character 4/],
    ['1-2x10000001', 4, /within ±10000000/],
    ['5,5', 2, /frame 5 is named twice: by "5" and again by "5" at character 2/],
    ['1-10, 5', 6, /frame 5 is named twice: by "1-10" and again by "5" at character 6/],
    ['5,1-10', 2, /again by "1-10"/],
    ['1-9x2,2-8x2,3', 12, /frame 3/],
    ['10-1,0-20x10', 5, /frame 10/],
    ['9,8,7,8,7', 6, /frame 8/],
    // x ≡ 0 (mod 20) and x ≡ 7 (mod 21): the first common number is 280.
    ['0-10000000x20,7-10000000x21', 14, /frame 280 is named twice/],
  ];
  it.each(refused)('refuses %j with the position of the fault', (expression, position, message) => {
    const fault = faultOf(expression);
    expect(fault).toMatchObject({ code: 'job.bad_frame_range', position });
    expect(fault.message).toMatch(message);
  });

  it('takes frame numbers up to the limit on both sides', () => {
    expect(framesOf(parseFrameRange('10000000,-10000000'))).toEqual([10_000_000, -10_000_000]);
  });

  it('takes as many frames as the limit, and no more', () => {
    expect(frameCount(parseFrameRange(`1-${LIMITS.jobFrames - 1}`))).toBe(LIMITS.jobFrames - 1);
    expect(frameCount(parseFrameRange(`1-${LIMITS.jobFrames}`))).toBe(LIMITS.jobFrames);
    expect(faultOf(`1-${LIMITS.jobFrames + 1}`)).toMatchObject({ code: 'job.too_large', position: 0 });
    expect(faultOf(`0, 1-${LIMITS.jobFrames}`)).toMatchObject({ code: 'job.too_large', position: 3 });
  });

  it('takes expressions as long as the limit, and no longer', () => {
    const padded = (chars: number) => '7'.padEnd(chars, ' ');
    expect(frameCount(parseFrameRange(padded(LIMITS.frameExpressionChars)))).toBe(1);
    expect(faultOf(padded(LIMITS.frameExpressionChars + 1))).toMatchObject({ code: 'job.bad_frame_range' });
  });

  it('holds a million frames as one segment', () => {
    expect(parseFrameRange('1-1000000').segments).toEqual([{ first: 1, step: 1, count: 1_000_000 }]);
    expect(parseFrameRange('1-1000000:65536').segments).toHaveLength(17);
    expect(parseFrameRange('1-1000000:flm').segments).toHaveLength(5);
  });
});

describe('frameAt', () => {
  it.each([-1, 4, 0.5, Number.NaN])('refuses index %d of four frames', (index) => {
    expect(() => frameAt(parseFrameRange('1-3,9'), index)).toThrow(RangeError);
  });
});

/** Items as people write them, and the frames that each of them means. */
const item = fc
  .record({
    first: fc.integer({ min: -40, max: 40 }),
    last: fc.option(fc.integer({ min: -40, max: 40 })),
    step: fc.option(fc.integer({ min: 1, max: 12 })),
    spaces: fc.constantFrom('', ' '),
  })
  .map(({ first, last, step, spaces }) => {
    if (last === null) return { text: `${first}`, frames: [first] };
    const direction = last >= first ? 1 : -1;
    const frames: number[] = [];
    for (let n = first; (last - n) * direction >= 0; n += direction * (step ?? 1)) frames.push(n);
    const s = spaces;
    return { text: `${first}${s}-${s}${last}${step === null ? '' : `${s}x${s}${step}`}`, frames };
  });

/** The same in an order, as its meaning says it. */
const orderedItem = fc
  .record({ one: item, order: fc.constantFrom('', ':2', ':8', ':32', ':flm') })
  .map(({ one: { text, frames }, order }) => {
    if (order === '' || /^-?\d+$/.test(text)) return { text, frames };
    const inOrder = new Set<number>();
    if (order === ':flm') {
      for (const index of [0, frames.length - 1, Math.floor((frames.length - 1) / 2)]) inOrder.add(frames[index] ?? 0);
      for (const frame of frames) inOrder.add(frame);
    } else {
      for (let every = Number(order.slice(1)); every >= 1; every /= 2) {
        for (let index = 0; index < frames.length; index += every) inOrder.add(frames[index] ?? 0);
      }
    }
    return { text: `${text}${order}`, frames: [...inOrder] };
  });

describe('any expression', () => {
  it('names exactly the frames that writing them out gives, or a frame twice', () => {
    fc.assert(
      fc.property(fc.array(orderedItem, { minLength: 1, maxLength: 6 }), (items) => {
        const expression = items.map(({ text }) => text).join(', ');
        const frames = items.flatMap((one) => one.frames);
        const seen = new Set<number>();
        const firstTwice = items.findIndex((one) => {
          const again = one.frames.some((frame) => seen.has(frame));
          for (const frame of one.frames) seen.add(frame);
          return again;
        });
        if (firstTwice === -1) {
          const range = parseFrameRange(expression);
          expect(frameCount(range)).toBe(frames.length);
          expect(framesOf(range)).toEqual(frames);
          return;
        }
        const position = items.slice(0, firstTwice).reduce((sum, { text }) => sum + text.length + 2, 0);
        const before = new Set(items.slice(0, firstTwice).flatMap((one) => one.frames));
        const common = items[firstTwice]?.frames.filter((frame) => before.has(frame)) ?? [];
        const fault = faultOf(expression);
        expect(fault).toMatchObject({ code: 'job.bad_frame_range', position });
        expect(common).toContain(Number(/^frame (-?\d+) is named twice/.exec(fault.message)?.[1]));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is read again from what it is written as', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -500, max: 500 }), { minLength: 1, maxLength: 30 }),
        item,
        (single, one) => {
          const rest = single.filter((frame) => !one.frames.includes(frame));
          const range = parseFrameRange([one.text, ...rest].join(','));
          const text = formatFrameRange(range);
          expect(parseFrameRange(text)).toEqual(range);
          expect(text.length).toBeLessThanOrEqual([one.text, ...rest].join(',').length + 4);
        },
      ),
    );
  });

  it('is read again from its segments, where it has an order', () => {
    fc.assert(
      fc.property(orderedItem, ({ text }) => {
        const range = parseFrameRange(text);
        expect(parseFrameRange(formatFrameRange(range))).toEqual(range);
      }),
    );
  });

  it('finds the overlap of long progressions that enumeration finds', () => {
    const progression = fc.record({
      low: fc.integer({ min: -20_000, max: 20_000 }),
      step: fc.integer({ min: 1, max: 3_000 }),
      count: fc.integer({ min: 2, max: 60 }),
    });
    fc.assert(
      fc.property(progression, progression, (a, b) => {
        const frames = ({ low, step, count }: typeof a) => Array.from({ length: count }, (_, i) => low + i * step);
        const common = frames(a).find((frame) => frames(b).includes(frame));
        const text = [a, b].map(({ low, step, count }) => `${low}-${low + step * (count - 1)}x${step}`).join(',');
        if (common === undefined) expect(frameCount(parseFrameRange(text))).toBe(a.count + b.count);
        else expect(faultOf(text).message).toContain(`frame ${common} is named twice`);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is refused with KilnError and a position within it, whatever its characters', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'0123456789-x:flm, ') })),
        (text) => {
          try {
            parseFrameRange(text);
          } catch (error) {
            if (!(error instanceof KilnError)) throw error;
            expect(error.position).toBeGreaterThanOrEqual(0);
            expect(error.position).toBeLessThanOrEqual(text.length);
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
