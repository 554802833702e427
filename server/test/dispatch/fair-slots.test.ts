/** Slots that would be each one's share. */
import { expect, test } from 'vitest';
import { type Claimant, fairSlots } from '../../src/dispatch/fair-slots.ts';

const one = (more: Partial<Claimant> = {}): Claimant => ({ weight: 1, least: 0, most: 100, ...more });

test.each<[string, Claimant[], number, number[]]>([
  ['of nobody', [], 4, []],
  ['alike', [one(), one()], 12, [6, 6]],
  ['by weight', [one({ weight: 3 }), one()], 8, [6, 2]],
  ['of more than there are slots', [one(), one(), one(), one()], 1, [0.25, 0.25, 0.25, 0.25]],
  ['what one has no use for goes to the others', [one({ most: 1 }), one(), one()], 9, [1, 4, 4]],
  ['a promise comes first', [one({ least: 6 }), one(), one()], 8, [6, 1, 1]],
  ['a promise of less than the share changes nothing', [one({ least: 2 }), one()], 8, [4, 4]],
  ['of what is promised twice each has a part', [one({ least: 6 }), one({ least: 3 }), one()], 6, [4, 2, 0]],
  ['a promise is no more than there is work for', [one({ least: 6, most: 2 }), one()], 8, [2, 6]],
  ['of less work than there are slots', [one({ most: 2 }), one({ most: 1 })], 8, [2, 1]],
])('%s', (_, claimants, slots, expected) => {
  const shares = fairSlots(claimants, slots);
  expect(shares).toHaveLength(expected.length);
  for (const [at, share] of shares.entries()) expect(share).toBeCloseTo(expected[at] ?? -1, 6);
});
