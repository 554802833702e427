import { expect, it } from 'vitest';
import { Permits } from '../../src/pool/permits.ts';

const never = new AbortController().signal;

it('gives as many permits as there are, then in the order of asking', async () => {
  const permits = new Permits(2);
  const order: number[] = [];
  const ask = (n: number) =>
    permits.take(never).then((giveBack) => {
      order.push(n);
      return giveBack;
    });
  const first = await ask(1);
  await ask(2);
  const third = ask(3);
  const fourth = ask(4);
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([1, 2]);
  first();
  first();
  await third;
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([1, 2, 3]);
  (await third)();
  await fourth;
  expect(order).toEqual([1, 2, 3, 4]);
});

it('loses no permit to somebody who gave up', async () => {
  const permits = new Permits(1);
  const giveBack = await permits.take(never);
  const over = new AbortController();
  const leaver = permits.take(over.signal);
  over.abort(new Error('stopped'));
  await expect(leaver).rejects.toThrow('stopped');
  giveBack();
  await permits.take(never);
  await expect(permits.take(AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
});
