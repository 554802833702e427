import { afterAll, beforeAll, expect, test } from 'vitest';
import { AttemptMemory } from '../../src/dispatch/attempt-facts.ts';
import { claimAttempts } from '../../src/dispatch/claim.ts';
import { JobLayers } from '../../src/jobs/layers.ts';
import { addAttemptRow, addJobRows, addSceneRow } from '../job-rows.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened?.dispose());

test('[WK4] a repeated claim of a first attempt answers the frames that are still open', async () => {
  const { db } = opened.store;
  const { jobId, taskIds } = await addJobRows(db, { ...(await addSceneRow(db)), tasks: 1, taskState: 'leased' });
  await db.updateTable('layers').set({ chunk: 3 }).where('job_id', '=', jobId).execute();
  const id = await addAttemptRow(db, taskIds[0] ?? '', { state: 'running', startedAt: new Date() });
  const facts = (await new AttemptMemory(db, new JobLayers(), 1_000).facts([id])).get(id);
  if (facts?.work.kind !== 'render') throw new Error('there is no such attempt');
  await db
    .insertInto('objects')
    .values({ sha256: 'c'.repeat(64), size_bytes: 1, unreferenced_at: null })
    .execute();
  await db
    .insertInto('frames')
    .values({
      layer_id: facts.work.layerId,
      frame_number: 1,
      job_id: jobId,
      tenant_id: facts.tenantId,
      task_id: facts.taskId,
      attempt_id: id,
      sha256: 'c'.repeat(64),
      size_bytes: 1,
      media_type: 'image/png',
      stages: '{}',
      statistics: null,
    })
    .execute();
  expect(await claimAttempts(db, [facts], 1_000)).toEqual([{ frames: [2, 3] }]);
});
