import type { Job, JobWait } from '@kiln/shared';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WaitWatch } from '../../src/cli/wait-watch.ts';
import { jobIn } from './support/scripted-farm.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** What the farm says when it is asked is in `job`. */
function watch() {
  const farm = { job: { ...jobIn('running'), waitsFor: null } as Job, looks: 0, said: [] as string[] };
  const client = {
    getJob: async () => {
      farm.looks += 1;
      return farm.job;
    },
  };
  const watching = new WaitWatch(client, farm.job.id, {
    waitsFor: ({ message }) => farm.said.push(message),
    paused: () => farm.said.push('paused'),
    rendering: () => farm.said.push('goes on'),
  });
  return { farm, watching };
}

const approval: JobWait = { reason: 'approval', message: 'Its 3 test frames are done.' };
const budget: JobWait = { reason: 'budget', message: 'Has reached its budget.' };

test('says what a job waits for when nothing was drawn for three seconds, when it changes, and when it goes on', async () => {
  const { farm, watching } = watch();
  watching.take(farm.job);
  farm.job = { ...farm.job, waitsFor: approval };
  await vi.advanceTimersByTimeAsync(2_900);
  expect(farm.said).toEqual([]);
  await vi.advanceTimersByTimeAsync(100);
  farm.job = { ...farm.job, waitsFor: { ...approval, message: 'Approved.' } };
  await vi.advanceTimersByTimeAsync(6_000);
  watching.heard();
  expect(farm.said).toEqual([approval.message, 'Approved.', 'goes on']);
});

test('a job that is paused is asked for at once: its budget holds it, or somebody paused it', async () => {
  const { farm, watching } = watch();
  const event = jobIn('paused');
  farm.job = { ...event, waitsFor: budget };
  watching.take(event);
  // What had been begun.
  watching.heard();
  await vi.advanceTimersByTimeAsync(0);
  expect(farm.said).toEqual([budget.message]);
  watching.take(jobIn('running'));
  farm.job = { ...event, waitsFor: null };
  watching.take(event);
  await vi.advanceTimersByTimeAsync(0);
  watching.take(jobIn('running'));
  expect(farm.said).toEqual([budget.message, 'goes on', 'paused', 'goes on']);
});

test('looks less and less often, and not any more after the end', async () => {
  const { farm, watching } = watch();
  farm.job = { ...jobIn('paused'), waitsFor: null };
  watching.take(jobIn('paused'));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(farm.looks).toBeLessThan(8);
  watching.stop();
  const { looks } = farm;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(farm.looks).toBe(looks);
});
