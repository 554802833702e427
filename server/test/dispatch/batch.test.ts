import { expect, test } from 'vitest';
import { Batch } from '../../src/dispatch/batch.ts';

const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

test('what comes while a write is under way goes together in the next, in order', async () => {
  const writes: number[][] = [];
  const gates: (() => void)[] = [];
  const batch = new Batch<number, number>(10, async (inputs) => {
    writes.push([...inputs]);
    await new Promise<void>((resolve) => gates.push(resolve));
    return inputs.map((input) => input * 2);
  });
  const first = batch.submit(1);
  await tick();
  const others = [2, 3, 4].map((input) => batch.submit(input));
  gates.shift()?.();
  expect(await first).toBe(2);
  await tick();
  gates.shift()?.();
  expect(await Promise.all(others)).toEqual([4, 6, 8]);
  expect(writes).toEqual([[1], [2, 3, 4]]);
});

test('a write takes at most so many', async () => {
  const sizes: number[] = [];
  const batch = new Batch<number, number>(2, async (inputs) => {
    sizes.push(inputs.length);
    return inputs;
  });
  expect(await Promise.all([1, 2, 3, 4, 5].map((input) => batch.submit(input)))).toEqual([1, 2, 3, 4, 5]);
  expect(sizes).toEqual([2, 2, 1]);
});

test('an input that cannot be written does not take the others with it', async () => {
  const batch = new Batch<number, number>(10, async (inputs) => {
    if (inputs.includes(2)) throw new Error('two');
    return inputs;
  });
  const results = await Promise.allSettled([1, 2, 3].map((input) => batch.submit(input)));
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('an output that is an error rejects its own input alone', async () => {
  const batch = new Batch<number, number>(10, async (inputs) => inputs.map((n) => (n === 2 ? new Error('two') : n)));
  const results = await Promise.allSettled([1, 2, 3].map((input) => batch.submit(input)));
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});
