import type { WorkerIdentity } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SessionRows } from '../../src/live/session-rows.ts';
import { makeId } from '../farm-fixture.ts';
import { addSceneRow, type SceneRow } from '../job-rows.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

let opened: TestStore;
let rows: SessionRows;

beforeAll(async () => {
  opened = await openTestStore();
  const { db } = opened.store;
  const dialUrl = () => 'ws://server/live';
  rows = new SessionRows({
    db,
    serverId: 's',
    dialUrl,
    leaseMs: 600_000,
    workerLeaseMs: 600_000,
    scene: async () => null,
  });
  await db
    .insertInto('workers')
    .values({
      id: 'w',
      secret_hash: 'x',
      identity: JSON.stringify(IDENTITY),
      status: null,
      state: 'ready',
      seen_at: new Date(),
    })
    .execute();
});
afterAll(() => opened?.dispose());

const IDENTITY: Pick<WorkerIdentity, 'maxSessions' | 'capabilities'> = {
  maxSessions: 2,
  capabilities: [{ engine: 'raster', backend: 'webgl' }],
};

async function addSession({ tenantId, sceneId }: SceneRow): Promise<string> {
  const id = makeId('session');
  await rows.create({ id, tenantId, sceneId, resumeTokenHash: 'x', token: null });
  return id;
}

const place = (id: string, { tenantId }: SceneRow) =>
  rows.place(id, { tenantId, sceneHash: 'x', avoid: new Set(), gone: new Set() }, 'token');

test('the last slot goes to the tenant that has none, although another asks first', async () => {
  const [one, other] = [await addSceneRow(opened.store.db), await addSceneRow(opened.store.db)];
  expect(await place(await addSession(one), one)).toBe('w');
  const [second, theirs] = [await addSession(one), await addSession(other)];
  expect(await place(second, one)).toBeNull();
  expect(await place(theirs, other)).toBe('w');
  expect(await place(second, one)).toBeNull();
  await rows.end([theirs]);
  expect(await place(second, one)).toBe('w');
});
