/** Labels of jobs, and who submitted them. */
import type { Job } from '@kiln/shared';
import { expect, test } from 'vitest';
import { addScene, addTenant, ask, call } from '../farm-fixture.ts';
import { useTenant } from '../tenant-fixture.ts';

const own = useTenant();

const submit = (more: object) =>
  own.post<Job>('/jobs', {
    sceneId: own.sceneId,
    layers: [{ frames: '1', size: { widthPx: 64, heightPx: 64 } }],
    ...more,
  });
const listed = async (query: string) => (await own.get<{ items: Job[] }>(`/jobs?${query}`)).items.map(({ id }) => id);

test('jobs are found by label, by user and by both, in the own tenant only', async () => {
  const hero = await submit({ tags: ['hero', 'v 3'], user: 'ann' });
  const plain = await submit({ user: 'ann' });
  const nobody = await submit({ tags: ['hero'] });
  expect(hero).toMatchObject({ tags: ['hero', 'v 3'], user: 'ann' });
  expect(nobody).toMatchObject({ tags: ['hero'], user: null });
  expect(await listed('tag=hero')).toEqual([nobody.id, hero.id]);
  expect(await listed('tag=v%203')).toEqual([hero.id]);
  expect(await listed('user=ann')).toEqual([plain.id, hero.id]);
  expect(await listed('user=ann&tag=hero')).toEqual([hero.id]);
  expect(await listed('user=ann&tag=hero&state=running')).toEqual([]);
  const other = await addTenant(own.farm, 'labels of another');
  const scene = await addScene(own.farm, other.id);
  await ask<Job>(own.farm.url, other.key, 'POST', '/jobs', {
    sceneId: scene,
    layers: [{ frames: '1', size: { widthPx: 64, heightPx: 64 } }],
    tags: ['hero'],
  });
  expect(await listed('tag=hero')).toEqual([nobody.id, hero.id]);
});

test('labels and the number of failures of an open job are changed, and taken away', async () => {
  const job = await submit({ tags: ['first'], maxFailedTasks: 4 });
  const patch = (body: object) => ask<Job>(own.farm.url, own.tenant.key, 'PATCH', `/jobs/${job.id}`, body);
  expect(await patch({ tags: ['second'] })).toMatchObject({ tags: ['second'], maxFailedTasks: 4 });
  expect(await listed('tag=first')).toEqual([]);
  expect(await patch({ maxFailedTasks: 9 })).toMatchObject({ tags: ['second'], maxFailedTasks: 9 });
  expect(await patch({ maxFailedTasks: null, tags: [] })).toMatchObject({ tags: [], maxFailedTasks: null });
  expect(await own.get<Job>(`/jobs/${job.id}`)).toMatchObject({ tags: [], maxFailedTasks: null, priority: 50 });
});

test.each([
  ['a comma', { tags: ['a,b'] }, '/tags/0'],
  ['space around it', { tags: ['ok', ' a'] }, '/tags/1'],
  ['the same twice', { tags: ['a', 'a'] }, '/tags'],
  ['nothing', { user: '' }, '/user'],
  ['65 characters', { user: 'u'.repeat(65) }, '/user'],
])('a label with %s is refused, with its place', async (_, more, field) => {
  const answer = await call(own.farm.url, own.tenant.key, 'POST', '/jobs', {
    sceneId: own.sceneId,
    layers: [{ frames: '1', size: { widthPx: 64, heightPx: 64 } }],
    ...more,
  });
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'request.invalid', field } } });
});
