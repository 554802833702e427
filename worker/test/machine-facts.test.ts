import { totalmem } from 'node:os';
import { expect, it } from 'vitest';
import { machineFacts } from '../src/machine-facts.ts';

it('has the memory that a container leaves it, and else that of the machine', () => {
  expect(machineFacts(1_000_000).memoryBytes).toBe(1_000_000);
  expect(machineFacts(0).memoryBytes).toBe(totalmem());
  expect(machineFacts(2 ** 63).memoryBytes).toBe(totalmem());
  expect(machineFacts()).toEqual({ memoryBytes: expect.any(Number), cpuCores: expect.any(Number) });
});
