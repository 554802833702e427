import { expect, it } from 'vitest';
import { Permits } from '../../src/pool/permits.ts';

const never = new AbortController().signal;

it('gives as many permits as there are, then in the order of asking', async () => {
  const permits = new Permits(2);
  const order: number[] = [];
  const ask = (n: number) =>
    permits.take(never).then(({ giveBack }) => {
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
  const { giveBack } = await permits.take(never);
  const over = new AbortController();
  const leaver = permits.take(over.signal);
  over.abort(new Error('stopped'));
  await expect(leaver).rejects.toThrow('stopped');
  giveBack();
  await permits.take(never);
  await expect(permits.take(AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
});

it('[WK18] goes to the most urgent of the group that waits longest, and says when it gave way', async () => {
  const permits = new Permits(1);
  const order: string[] = [];
  const ask = async (group: string, priority: number) => {
    const { giveBack } = await permits.take(never, { group, priority });
    order.push(`${group}${priority}`);
    return giveBack;
  };
  const first = await ask('a', 50);
  const rest = [ask('b', 90), ask('a', 50), ask('b', 100), ask('a', 60)];
  const [b90, a50, b100, a60] = rest;
  // The other group's turn, and in it the more urgent one: nobody of its own group took the slot.
  expect(first()).toBe(false);
  expect((await b100)?.()).toBe(false);
  expect((await b90)?.()).toBe(false);
  expect((await a60)?.()).toBe(false);
  const last = await a50;
  const urgent = ask('a', 51);
  expect(last?.()).toBe(true);
  // Asked again it says the same, and gives nothing away.
  expect(last?.()).toBe(true);
  expect((await urgent)()).toBe(false);
  const equal = await ask('a', 50);
  const other = ask('a', 50);
  expect(equal()).toBe(false);
  (await other)();
  expect(order).toEqual(['a50', 'b100', 'b90', 'a60', 'a50', 'a51', 'a50', 'a50']);
});

it('[WK23] is wanted of as many holders as something more urgent of their group waits for, the least urgent first', async () => {
  const permits = new Permits(3);
  const hold = (group: string, priority: number) => permits.take(never, { group, priority });
  const [a50, a40, b10] = [await hold('a', 50), await hold('a', 40), await hold('b', 10)];
  const wanted = () => [a50, a40, b10].map((permit) => permit.wanted.aborted);
  const left = new AbortController();
  permits.take(left.signal, { group: 'a', priority: 40 }).catch(() => {});
  expect(wanted()).toEqual([false, false, false]);
  const first = permits.take(never, { group: 'a', priority: 60 });
  expect(wanted()).toEqual([false, true, false]);
  const second = permits.take(never, { group: 'a', priority: 45 });
  // The one that 60 is waiting for is on its way; 45 may have no other.
  expect(wanted()).toEqual([false, true, false]);
  left.abort(new Error('gone'));
  expect(a40.giveBack()).toBe(true);
  const a60 = await first;
  expect([...wanted(), a60.wanted.aborted]).toEqual([false, true, false, false]);
  const third = permits.take(never, { group: 'a', priority: 55 });
  expect([...wanted(), a60.wanted.aborted]).toEqual([true, true, false, false]);
  expect(a50.giveBack()).toBe(true);
  const a55 = await third;
  a55.giveBack();
  const a45 = await second;
  for (const permit of [a60, a45, b10]) permit.giveBack();
});
