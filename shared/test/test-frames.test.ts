import { expect, test } from 'vitest';
import { frameAt, frameCount, parseFrameRange } from '../src/frame-range.ts';
import type { JobRequest, LayerRequest } from '../src/schemas/job.ts';
import { layerTests, placeOf, testsFirst } from '../src/test-frames.ts';

const layer = (frames: string, more: Partial<LayerRequest> = {}): LayerRequest => ({
  frames,
  size: { widthPx: 64, heightPx: 64 },
  ...more,
});
const testsOf = (testFrames: JobRequest['testFrames'], ...layers: LayerRequest[]) =>
  layerTests({ layers, ...(testFrames === undefined ? {} : { testFrames }) }).map((tests) => tests?.frames ?? null);

test('first, middle and last are those of the numbers, whatever the order of drawing', () => {
  expect(testsOf('first, middle, last', layer('1-100'), layer('100-1x3'), layer('1-9:8'), layer('5'))).toEqual([
    [1, 51, 100],
    [1, 49, 100],
    [1, 5, 9],
    [5],
  ]);
});

test('numbers and ranges; of a job’s each layer has those that are there', () => {
  expect(testsOf('1,50,90-92', layer('1-100'), layer('1-200x2'), layer('7'))).toEqual([
    [1, 50, 90, 91, 92],
    [1, 91],
    null,
  ]);
  expect(testsOf(undefined, layer('1-9', { testFrames: { frames: '3', approve: true } }), layer('1-9'))).toEqual([
    [3],
    null,
  ]);
});

test.each<[JobRequest['testFrames'], LayerRequest, string, string]>([
  ['1,x', layer('1-9'), '/testFrames', 'or first, middle, last'],
  ['11', layer('1-9'), '/testFrames', 'no layer has any of these frames'],
  ['2,99', layer('1-9'), '/testFrames', 'no layer whose frames can be drawn first has frame 99'],
  [undefined, layer('1-9', { testFrames: '11' }), '/layers/0/testFrames', 'frame 11 is none of 1-9'],
  ['1-101', layer('1-200'), '/testFrames', 'at most 100 test frames, got 101'],
])('%j of a job with %j is refused', (testFrames, one, field, message) => {
  expect(() => testsOf(testFrames, one)).toThrow(
    expect.objectContaining({ field, message: expect.stringContaining(message) }),
  );
});

test('layers that wait for others as a whole draw none first; those that wait for the same frames draw the same ones', () => {
  const plate = layer('1-9', { name: 'plate' });
  const over = layer('1-9', { name: 'over', needs: ['plate'] });
  expect(testsOf('first', plate, over)).toEqual([[1], null]);
  expect(() => testsOf(undefined, plate, { ...over, testFrames: '1' })).toThrow('can be drawn first');
  const same = layer('1-9', { name: 'over', needs: [{ layer: 'plate', frames: 'same' }] });
  expect(testsOf('first', plate, same)).toEqual([[1], [1]]);
  expect(() => testsOf(undefined, { ...plate, testFrames: '2' }, same)).toThrow('the same test frames');
});

test('every frame is drawn once, test frames first, and found at its place', () => {
  for (const expression of ['1-10', '10-1x3,20', '1-20:8', '3-9x2,1']) {
    const range = parseFrameRange(expression);
    const all = Array.from({ length: frameCount(range) }, (_, at) => frameAt(range, at));
    const tests = [all.at(-1) ?? 0, all[1] ?? 0];
    const order = testsFirst(range, tests);
    const drawn = Array.from({ length: frameCount(order) }, (_, at) => frameAt(order, at));
    expect(drawn).toEqual([...tests, ...all.filter((frame) => !tests.includes(frame))]);
    expect(drawn.map((frame) => placeOf(order, frame))).toEqual(drawn.map((_, at) => at));
    expect(placeOf(order, 1_000)).toBe(-1);
  }
});
