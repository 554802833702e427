import { KilnError } from '@kiln/shared';
import { expect, test } from 'vitest';
import { Batch } from '../../src/dispatch/batch.ts';
import { DISPATCH_LIMITS } from '../../src/dispatch/limits.ts';

const of = (most: number, spacingMs = 0) => ({ most, spacingMs });

const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

test('what comes while a write is under way goes together in the next, in order', async () => {
  const writes: number[][] = [];
  const gates: (() => void)[] = [];
  const batch = new Batch<number, number>(of(10), async (inputs) => {
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
  const batch = new Batch<number, number>(of(2), async (inputs) => {
    sizes.push(inputs.length);
    return inputs;
  });
  expect(await Promise.all([1, 2, 3, 4, 5].map((input) => batch.submit(input)))).toEqual([1, 2, 3, 4, 5]);
  expect(sizes).toEqual([2, 2, 1]);
});

test('an input that cannot be written does not take the others with it', async () => {
  const batch = new Batch<number, number>(of(10), async (inputs) => {
    if (inputs.includes(2)) throw new KilnError('resource.not_found', 'two');
    return inputs;
  });
  const results = await Promise.allSettled([1, 2, 3].map((input) => batch.submit(input)));
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('an output that is an error rejects its own input alone', async () => {
  const batch = new Batch<number, number>(of(10), async (inputs) =>
    inputs.map((n) => (n === 2 ? new Error('two') : n)),
  );
  const results = await Promise.allSettled([1, 2, 3].map((input) => batch.submit(input)));
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('what fails for all is asked for once, not once for each input', async () => {
  let writes = 0;
  const batch = new Batch<number, number>(of(10), async () => {
    writes++;
    throw Object.assign(new Error('the connection is gone'), { code: '08006' });
  });
  const results = await Promise.allSettled([1, 2, 3].map((input) => batch.submit(input)));
  expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(writes).toBe(1);
});

test('more than may wait are refused, with an error that says to come again', async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const batch = new Batch<number, number>(of(1), async (inputs) => {
    await gate;
    return inputs;
  });
  const first = batch.submit(0);
  await tick();
  const waiting = Array.from({ length: DISPATCH_LIMITS.waitingWrites }, (_, index) => batch.submit(index));
  await expect(batch.submit(-1)).rejects.toMatchObject({ code: 'storage.unavailable', retryable: true });
  open();
  await Promise.all([first, ...waiting]);
});

test('in a stream, writes begin so far apart; the first waits for none, and a full one does not wait', async () => {
  const writes: number[][] = [];
  const batch = new Batch<number, number>(of(3, 60_000), async (inputs) => {
    writes.push([...inputs]);
    return inputs;
  });
  expect(await batch.submit(1)).toBe(1);
  const others = [2, 3].map((input) => batch.submit(input));
  await tick();
  expect(writes).toEqual([[1]]);
  others.push(batch.submit(4));
  expect(await Promise.all(others)).toEqual([2, 3, 4]);
  expect(writes).toEqual([[1], [2, 3, 4]]);
});

test('what waits for more is written when the time has come', async () => {
  const writes: number[][] = [];
  const batch = new Batch<number, number>(of(3, 10), async (inputs) => {
    writes.push([...inputs]);
    return inputs;
  });
  expect(await batch.submit(1)).toBe(1);
  expect(await Promise.all([2, 3].map((input) => batch.submit(input)))).toEqual([2, 3]);
  expect(writes).toEqual([[1], [2, 3]]);
});
