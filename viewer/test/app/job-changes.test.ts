/** What a form changes of a job. */
import type { Job } from '@kiln/shared';
import { expect, test } from 'vitest';
import { changesOf, faultsOf, formOf } from '../../src/app/jobs/job-changes.ts';

const jobWith = (...requires: (Job['layers'][number]['requires'] | null)[]) =>
  ({
    priority: 50,
    maxAttempts: 3,
    layers: requires.map((one) => (one ? { requires: one } : {})),
  }) as Job;

test('of several layers the form has what all of them require', () => {
  const job = jobWith({ tags: ['fast', 'big'], gpu: 'RTX', memoryBytes: 8 }, { tags: ['fast'], memoryBytes: 8 });
  expect(formOf(job)).toEqual({ priority: 50, maxAttempts: 3, requiredTags: 'fast', gpu: '' });
  expect(formOf(jobWith({ gpu: 'RTX' }, null))).toMatchObject({ requiredTags: '', gpu: '' });
});

test('what does not differ is not sent, and what else is required stays', () => {
  const job = jobWith({ tags: ['fast'], memoryBytes: 8 });
  const form = formOf(job);
  expect(changesOf(job, form)).toEqual({});
  expect(changesOf(job, { ...form, priority: 80, maxAttempts: 1 })).toEqual({ priority: 80, maxAttempts: 1 });
  expect(changesOf(job, { ...form, requiredTags: '', gpu: ' RTX ' })).toEqual({
    requires: { gpu: 'RTX', memoryBytes: 8 },
  });
  const plain = jobWith({ tags: ['fast'] });
  expect(changesOf(plain, { ...formOf(plain), requiredTags: '' })).toEqual({ requires: null });
});

test('what is wrong is told beside its field', () => {
  const form = formOf(jobWith(null));
  expect(faultsOf(form)).toEqual({});
  const wrong = faultsOf({ priority: 101, maxAttempts: 0, requiredTags: 'two words', gpu: 'x'.repeat(201) });
  expect(Object.keys(wrong).sort()).toEqual(['gpu', 'maxAttempts', 'priority', 'requiredTags']);
});
