/** Rows of tenants, scenes and jobs, written straight into a store: what is tested reads them, no farm runs. */
import { completeSettings, type RenderSettings, type TaskState } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../src/store/tables.ts';
import { makeId } from './farm-fixture.ts';

const ROW_SETTINGS = completeSettings({ size: { widthPx: 64, heightPx: 64 } });

export interface SceneRow {
  readonly tenantId: string;
  readonly sceneId: string;
}

/** A ready scene of a new tenant. */
export async function addSceneRow(db: Kysely<Database>): Promise<SceneRow> {
  const tenantId = makeId('tenant');
  const sceneId = makeId('scene');
  await db.insertInto('tenants').values({ id: tenantId, name: 'one' }).execute();
  await db
    .insertInto('scenes')
    .values({
      id: sceneId,
      tenant_id: tenantId,
      name: 'a scene',
      state: 'ready',
      scene_hash: 'a'.repeat(64),
      entry: 'scene.glb',
      size_bytes: 1,
      report: null,
      refusal: null,
      thumbnail_sha256: null,
      thumbnail_media_type: null,
      deleted_at: null,
    })
    .execute();
  return { tenantId, sceneId };
}

export interface JobShape extends SceneRow {
  /** @defaultValue 1; each has 1,000 frames. */
  readonly layers?: number;
  readonly settings?: Partial<RenderSettings>;
  /** @defaultValue 0 */
  readonly priority?: number;
  /** Tasks of the first layer. @defaultValue 0 */
  readonly tasks?: number;
  /** @defaultValue `waiting` */
  readonly taskState?: TaskState;
}

export interface JobRows {
  readonly jobId: string;
  readonly taskIds: readonly string[];
}

/** An open job, newer than those before. */
export async function addJobRows(db: Kysely<Database>, shape: JobShape): Promise<JobRows> {
  const { tenantId, sceneId, layers = 1, settings = {}, priority = 0, tasks = 0, taskState = 'waiting' } = shape;
  const jobId = makeId('job');
  await db
    .insertInto('jobs')
    .values({
      id: jobId,
      tenant_id: tenantId,
      scene_id: sceneId,
      name: 'a job',
      state: 'queued',
      priority,
      max_attempts: 3,
      frame_timeout_ms: 1_000,
      class_policy: 'strict',
      idempotency_key: null,
      frame_count: 1_000 * layers,
      error: null,
      started_at: null,
      ended_at: null,
    })
    .execute();
  const layerIds = Array.from({ length: layers }, () => makeId('layer'));
  await db
    .insertInto('layers')
    .values(
      layerIds.map((id, position) => ({
        id,
        job_id: jobId,
        position,
        name: `layer-${position}`,
        frames: '1-1000',
        frame_count: 1_000,
        chunk: 1,
        task_count: 1_000,
        settings: JSON.stringify({ ...ROW_SETTINGS, ...settings }),
      })),
    )
    .execute();
  const taskIds = Array.from({ length: tasks }, () => makeId('task'));
  if (tasks > 0) {
    await db
      .insertInto('tasks')
      .values(
        taskIds.map((id, index) => ({
          id,
          tenant_id: tenantId,
          kind: 'render' as const,
          job_id: jobId,
          layer_id: layerIds[0] ?? null,
          scene_id: sceneId,
          index,
          state: taskState,
          tries: taskState === 'leased' ? 1 : 0,
          not_before: null,
          ended_at: null,
        })),
      )
      .execute();
  }
  return { jobId, taskIds };
}

export interface AttemptShape {
  /** @defaultValue `w` */
  readonly workerId?: string;
  readonly state: 'assigned' | 'running';
  readonly startedAt?: Date;
}

/** @returns the id of the first attempt of a leased task. */
export async function addAttemptRow(db: Kysely<Database>, taskId: string, shape: AttemptShape): Promise<string> {
  const id = makeId('attempt');
  await db
    .insertInto('attempts')
    .values({
      id,
      task_id: taskId,
      number: 1,
      state: shape.state,
      worker_id: shape.workerId ?? 'w',
      worker_name: 'a worker',
      lease_epoch: 1,
      lease_token: 'token',
      lease_expires_at: new Date(Date.now() + 3_600_000),
      reason: null,
      message: null,
      log: '[]',
      result_hash: null,
      started_at: shape.startedAt ?? null,
      ended_at: null,
    })
    .execute();
  return id;
}
